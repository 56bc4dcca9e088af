"""ConnectReport: reports that run on a schedule, and what it tells before and after each run."""

from tidings.dialects.connectreport.callback import KINDS, ConnectReport
from tidings.dialects.connectreport.extended import ConnectReportExtended
from tidings.dialects.connectreport.reader import ConnectReportReader

DIALECTS = (ConnectReport(), ConnectReportExtended())
READERS = (ConnectReportReader(),)
DEFAULT_FOR = dict.fromkeys(KINDS, ConnectReport.name)
