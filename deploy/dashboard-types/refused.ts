// What the types must refuse: a line that were accepted is an error of its own.
import type { Ours } from "./typed";

const place = { h: 8, w: 12, x: 0, y: 0 };
const head = { title: "a", uid: "a", schemaVersion: 42 };

export const accepted: Ours = {
  ...head,
  refresh: "10s",
  templating: { list: [{ type: "query", name: "stream" }] },
  panels: [
    { type: "row", title: "r", collapsed: false },
    {
      type: "timeseries",
      title: "t",
      gridPos: place,
      targets: [{ refId: "A", expr: "up" }],
      options: { legend: { displayMode: "table", placement: "bottom", calcs: ["lastNotNull"] } },
      fieldConfig: { defaults: { unit: "s", custom: { drawStyle: "line", fillOpacity: 10 } }, overrides: [] },
    },
  ],
};

export const refused: Ours[] = [
  // @ts-expect-error a dashboard without an id of its own
  { title: "a", schemaVersion: 42, panels: [] },
  // @ts-expect-error a key that no dashboard has
  { ...head, panels: [], refreshes: "10s" },
  // @ts-expect-error a kind of panel that is not among ours
  { ...head, panels: [{ type: "graph", title: "t", gridPos: place }] },
  // @ts-expect-error a panel without a place
  { ...head, panels: [{ type: "stat", title: "t" }] },
  // @ts-expect-error a query without an expression
  { ...head, panels: [{ type: "stat", title: "t", gridPos: place, targets: [{ refId: "A" }] }] },
  // @ts-expect-error an option of another kind of panel
  { ...head, panels: [{ type: "stat", title: "t", gridPos: place, options: { legend: { showLegend: true } } }] },
  // @ts-expect-error a value that the enumeration has not
  { ...head, panels: [{ type: "timeseries", title: "t", gridPos: place, options: { legend: { displayMode: "tabel" } } }] },
  {
    ...head,
    panels: [
      // @ts-expect-error a style that does not exist
      { type: "timeseries", title: "t", gridPos: place, fieldConfig: { defaults: { custom: { drawStyle: "lines" } }, overrides: [] } },
    ],
  },
];
