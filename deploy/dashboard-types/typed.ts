// What a dashboard of ours may say: Grafana's own types, panel kind by panel kind, with two changes. A value of an
// enumeration is written as JSON has it; and what a panel leaves out, Grafana fills in.
import type { Dashboard, FieldConfig, FieldConfigSource, Panel, RowPanel, TableFieldOptions, VariableModel } from "@grafana/schema";
import type * as bargauge from "@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import type * as gauge from "@grafana/schema/dist/esm/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen";
import type * as heatmap from "@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen";
import type * as history from "@grafana/schema/dist/esm/raw/composable/statushistory/panelcfg/x/StatusHistoryPanelCfg_types.gen";
import type * as stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as text from "@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen";
import type * as timeline from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type * as timeseries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

type Json<T> = unknown extends T
  ? T
  : T extends string
    ? `${T}`
    : T extends number | boolean | null | undefined
      ? T
      : T extends readonly (infer Item)[]
        ? Json<Item>[]
        : { [Key in keyof T]?: Json<T[Key]> };

// A query of the Prometheus data source, whose types are in no package.
interface Query {
  refId: string;
  expr: string;
  legendFormat?: string;
  format?: "time_series" | "table" | "heatmap";
  instant?: boolean;
  range?: boolean;
  exemplar?: boolean;
  hide?: boolean;
  interval?: string;
  intervalFactor?: number;
  editorMode?: "code" | "builder";
  datasource?: { type: "prometheus"; uid: string };
}

type Source<Custom> = Omit<Json<FieldConfigSource>, "defaults"> & {
  defaults: Omit<Json<FieldConfig>, "custom"> & { custom?: Json<Custom> };
};

type Kind<Type extends string, Options, Custom> = Omit<
  Json<Panel>,
  "type" | "title" | "gridPos" | "options" | "fieldConfig" | "targets"
> & {
  type: Type;
  title: string;
  gridPos: { h: number; w: number; x: number; y: number };
  options?: Json<Options>;
  fieldConfig?: Source<Custom>;
  targets?: Query[];
};

type OurPanel =
  | Kind<"timeseries", timeseries.Options, timeseries.FieldConfig>
  | Kind<"stat", stat.Options, Record<string, never>>
  | Kind<"gauge", gauge.Options, Record<string, never>>
  | Kind<"bargauge", bargauge.Options, Record<string, never>>
  | Kind<"table", table.Options, TableFieldOptions>
  | Kind<"text", text.Options, Record<string, never>>
  | Kind<"heatmap", heatmap.Options, heatmap.FieldConfig>
  | Kind<"state-timeline", timeline.Options, timeline.FieldConfig>
  | Kind<"status-history", history.Options, history.FieldConfig>;

// The Prometheus data source keeps a variable's query here too, for people to read.
type Variable = Json<VariableModel> & { definition?: string };

type OurRow = Omit<Json<RowPanel>, "panels"> & { type: "row"; title: string; panels?: OurPanel[] };

export type Ours = Omit<Json<Dashboard>, "panels" | "templating" | "title" | "uid" | "schemaVersion"> & {
  title: string;
  uid: string;
  schemaVersion: number;
  panels: (OurPanel | OurRow)[];
  templating?: { list?: Variable[] };
};
