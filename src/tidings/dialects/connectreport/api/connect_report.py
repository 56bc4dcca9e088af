"""All calls of ConnectReport's API, and ours in its shapes."""

from dataclasses import dataclass

from tidings.core.route import Route
from tidings.dialects.connectreport.api.callbacks import CallbackApi
from tidings.dialects.connectreport.api.connections import ConnectionApi
from tidings.dialects.connectreport.api.filter_cycles import FilterCycleApi
from tidings.dialects.connectreport.api.report_tasks import ReportTaskApi
from tidings.dialects.connectreport.api.reports import ReportApi
from tidings.dialects.connectreport.api.tags import TagApi
from tidings.dialects.connectreport.api.templates import TemplateApi
from tidings.dialects.connectreport.api.triggers import TriggerApi
from tidings.outbox.subscribing import Subscribing
from tidings.reports.opening import Reports
from tidings.store.subscriptions import Subscriptions
from tidings.store.webhooks import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectReportApi:
    """Everything under `/api/v1/` and `/admin/api/v1/`, besides the documents themselves."""

    reports: Reports
    subscribing: Subscribing
    subscriptions: Subscriptions
    webhooks: Webhooks

    def routes(self) -> list[Route]:
        callbacks = CallbackApi(
            reports=self.reports,
            subscribing=self.subscribing,
            subscriptions=self.subscriptions,
            webhooks=self.webhooks,
        )
        return [
            *ReportTaskApi(reports=self.reports).routes(),
            *ReportApi(reports=self.reports).routes(),
            *TemplateApi(reports=self.reports).routes(),
            *FilterCycleApi(reports=self.reports).routes(),
            *TagApi(reports=self.reports).routes(),
            *TriggerApi(reports=self.reports).routes(),
            *ConnectionApi(reports=self.reports).routes(),
            *callbacks.routes(),
        ]
