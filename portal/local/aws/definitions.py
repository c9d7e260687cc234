"""The catalogue in the words of ListDashboards, DescribeDashboard(Definition) and DescribeDataSet."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from portal.local.aws.catalogue import Dashboard, DataSet, Sheet, Visual
from portal.local.aws.rows import Parameter, TagRules

Shape = dict[str, Any]

_PUBLISHED = datetime(2026, 10, 1, 9, tzinfo=UTC)
_VISUAL_SHAPES = {"table": "TableVisual", "pivot": "PivotTableVisual", "bar": "BarChartVisual"}
_COLUMN_TYPES = {str: "STRING", int: "INTEGER", float: "DECIMAL", datetime: "DATETIME"}


class Definitions:
    """ARNs carry the account and the region of the call."""

    def __init__(self, account: str, region: str) -> None:
        self._root = f"arn:aws:quicksight:{region}:{account}"

    def summary(self, dashboard: Dashboard) -> Shape:
        published = dashboard.published or _PUBLISHED
        return {
            "Arn": self._dashboard_arn(dashboard),
            "DashboardId": dashboard.id,
            "Name": dashboard.name,
            "CreatedTime": _PUBLISHED,
            "LastUpdatedTime": published,
            "PublishedVersionNumber": dashboard.version,
            "LastPublishedTime": published,
        }

    def dashboard(self, dashboard: Dashboard) -> Shape:
        version = {
            "CreatedTime": dashboard.published or _PUBLISHED,
            "VersionNumber": dashboard.version,
            "Status": "CREATION_SUCCESSFUL",
            "Arn": f"{self._dashboard_arn(dashboard)}/version/{dashboard.version}",
            "DataSetArns": [self._dataset_arn(dataset_id) for dataset_id in dashboard.dataset_ids],
            "Sheets": [{"SheetId": sheet.id, "Name": sheet.name} for sheet in dashboard.sheets],
        }
        summary = self.summary(dashboard)
        del summary["PublishedVersionNumber"]
        return summary | {"Version": version}

    def definition(self, dashboard: Dashboard) -> Shape:
        declarations = [{"Identifier": dataset_id, "DataSetArn": self._dataset_arn(dataset_id)} for dataset_id in dashboard.dataset_ids]
        return {
            "DashboardId": dashboard.id,
            "Name": dashboard.name,
            "ResourceStatus": "CREATION_SUCCESSFUL",
            "Definition": {
                "DataSetIdentifierDeclarations": declarations,
                "Sheets": [_sheet(sheet, dashboard.parameters) for sheet in dashboard.sheets],
                "ParameterDeclarations": [_declaration(parameter) for parameter in dashboard.parameters],
            },
        }

    def dataset(self, dataset: DataSet) -> Shape:
        shape: Shape = {
            "Arn": self._dataset_arn(dataset.id),
            "DataSetId": dataset.id,
            "Name": dataset.name,
            "CreatedTime": _PUBLISHED,
            "LastUpdatedTime": _PUBLISHED,
            "ImportMode": "SPICE",
            "OutputColumns": [
                {"Name": name, "Type": _COLUMN_TYPES.get(type(value), "STRING")} for name, value in dataset.rows()[0].items()
            ],
        }
        if dataset.rules:
            shape["RowLevelPermissionTagConfiguration"] = tag_configuration(dataset.rules)
        return shape

    def _dashboard_arn(self, dashboard: Dashboard) -> str:
        return f"{self._root}:dashboard/{dashboard.id}"

    def _dataset_arn(self, dataset_id: str) -> str:
        return f"{self._root}:dataset/{dataset_id}"


def tag_configuration(rules: TagRules) -> Shape:
    shape: Shape = {
        "Status": "ENABLED" if rules.enabled else "DISABLED",
        "TagRules": [
            {"TagKey": rule.key, "ColumnName": rule.column}
            | ({"TagMultiValueDelimiter": rule.delimiter} if rule.delimiter else {})
            | ({"MatchAllValue": rule.match_all} if rule.match_all else {})
            for rule in rules.rules
        ],
    }
    return shape | ({"TagRuleConfigurations": [list(group) for group in rules.groups]} if rules.groups else {})


def _sheet(sheet: Sheet, parameters: tuple[Parameter, ...]) -> Shape:
    return {
        "SheetId": sheet.id,
        "Name": sheet.name,
        "ContentType": sheet.content_type,
        "Visuals": [_visual(visual) for visual in sheet.visuals],
        "ParameterControls": [_control(parameter) for parameter in parameters],
    }


def _visual(visual: Visual) -> Shape:
    title = {"Visibility": "VISIBLE", "FormatText": {"PlainText": visual.title}}
    shape: Shape = {"VisualId": visual.id, "Title": title}
    return {_VISUAL_SHAPES[visual.kind]: shape}


def _control(parameter: Parameter) -> Shape:
    shape: Shape = {
        "ParameterControlId": f"control-{parameter.name}",
        "Title": parameter.name,
        "SourceParameterName": parameter.name,
    }
    if parameter.kind == "datetime":
        return {"DateTimePicker": shape}
    if not parameter.choices:
        return {"TextField": shape}
    kind = "MULTI_SELECT" if parameter.multiple else "SINGLE_SELECT"
    return {"Dropdown": shape | {"Type": kind, "SelectableValues": {"Values": list(parameter.choices)}}}


def _declaration(parameter: Parameter) -> Shape:
    shape: Shape = {"Name": parameter.name}
    if parameter.default:
        shape["DefaultValues"] = {"StaticValues": list(parameter.default)}
    if parameter.kind == "datetime":
        return {"DateTimeParameterDeclaration": shape | {"TimeGranularity": "MINUTE"}}
    values = "MULTI_VALUED" if parameter.multiple else "SINGLE_VALUED"
    return {f"{parameter.kind.capitalize()}ParameterDeclaration": shape | {"ParameterValueType": values}}
