"""ConnectReport: reports that run on a schedule, and what it tells before and after each run."""

from tidings.dialects.connectreport.reader import ConnectReportReader

READERS = (ConnectReportReader(),)
