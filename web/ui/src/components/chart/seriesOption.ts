import type { EChartsCoreOption } from "echarts/core";
import { approx, type Format } from "../../lib/format";
import type { Point } from "./SeriesChart";

/** From here on bars would be too thin, and lines are drawn. */
const manyPoints = 21;

const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const escape = (s: string) => s.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** dark only says that the tokens have changed. */
export function seriesOption(
  points: readonly Point[],
  names: { current: string; earlier?: string },
  metric: string,
  f: Format,
  dark: boolean,
): EChartsCoreOption {
  const colour = { now: token("--accent"), before: token("--earlier"), line: token("--line"), text: token("--ink-3"), surface: token("--surface"), ink: token("--ink") };
  const lines = points.length > manyPoints;
  const common = lines
    ? { type: "line", symbol: "circle", symbolSize: 5, showSymbol: false }
    : { type: "bar", barMaxWidth: 26, barGap: "12%", barCategoryGap: points.length > 12 ? "28%" : "38%" };
  const rounded = { borderRadius: [4, 4, 0, 0] };
  const now = {
    ...common,
    name: names.current,
    z: 3,
    data: points.map((p) => (p.current === null ? null : approx(p.current))),
    itemStyle: { color: colour.now, ...(lines ? {} : rounded) },
    lineStyle: { color: colour.now, width: 2 },
    areaStyle: lines ? { color: colour.now, opacity: 0.08 } : undefined,
  };
  const before = {
    ...common,
    name: names.earlier,
    z: 2,
    data: points.map((p) => (p.earlier === undefined ? null : approx(p.earlier))),
    itemStyle: { color: colour.before, ...(lines ? {} : rounded) },
    lineStyle: { color: colour.before, width: 1.5 },
  };
  return {
    darkMode: dark,
    animation: false,
    grid: { left: 4, right: 8, top: 10, bottom: 2, containLabel: true },
    xAxis: {
      type: "category",
      data: points.map((p) => p.label),
      boundaryGap: !lines,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colour.line } },
      axisLabel: { color: colour.text, fontSize: 11, fontFamily: "inherit", hideOverlap: true, margin: 10 },
    },
    yAxis: {
      type: "value",
      splitNumber: 4,
      splitLine: { lineStyle: { color: colour.line } },
      axisLabel: { color: colour.text, fontSize: 11, fontFamily: "inherit", formatter: (v: number) => f.compact(v) },
    },
    tooltip: {
      trigger: "axis",
      axisPointer: { type: lines ? "line" : "shadow", shadowStyle: { opacity: 0.06 }, lineStyle: { color: colour.line } },
      confine: true,
      backgroundColor: colour.surface,
      borderColor: colour.line,
      padding: [8, 12],
      textStyle: { color: colour.ink, fontSize: 12, fontFamily: "inherit" },
      formatter: (params: { dataIndex: number }[]) => {
        const p = points[params[0]?.dataIndex ?? -1];
        if (!p) return "";
        const row = (c: string, name: string, value: string) =>
          `<div style="display:flex;gap:16px;justify-content:space-between"><span><span style="display:inline-block;width:8px;height:8px;border-radius:2px;background:${c};margin-inline-end:6px"></span>${escape(name)}</span><b style="font-weight:600;font-variant-numeric:tabular-nums">${escape(value)}</b></div>`;
        return [
          `<div style="margin-bottom:4px;color:${colour.text}">${escape(p.long)}</div>`,
          p.current === null ? "" : row(colour.now, names.current, f.figure(metric, p.current)),
          p.earlier === undefined || !names.earlier ? "" : row(colour.before, names.earlier, f.figure(metric, p.earlier)),
        ].join("");
      },
    },
    series: names.earlier ? [before, now] : [now],
  };
}
