/** What charts draw, as the engine wants it: lines over days, and bars of parts. */
import type { EChartsCoreOption } from "echarts/core";
import type { Severity } from "../../domain/severity";
import type { Colours } from "./colours";

/** A line over days. */
export interface Line {
  name: string;
  severity: Severity;
  values: readonly number[];
}

// Tooltips are drawn, too: as markup they would carry styles that the page's policy refuses.
const tooltipOf = (colours: Colours) => ({
  renderMode: "richText" as const,
  confine: true,
  backgroundColor: colours.panel,
  borderColor: colours.quiet,
  textStyle: { color: colours.text, fontSize: 12 },
});

/** Days stacked: the height of all is how many there are. */
export function stackedLines(days: readonly string[], lines: readonly Line[], colours: Colours): EChartsCoreOption {
  const font = { color: colours.quiet, fontSize: 12 };
  return {
    grid: { left: 8, right: 16, top: 12, bottom: 4, containLabel: true },
    tooltip: { ...tooltipOf(colours), trigger: "axis" },
    xAxis: {
      type: "category",
      data: [...days],
      boundaryGap: days.length === 1,
      axisLabel: { ...font, hideOverlap: true },
      axisLine: { lineStyle: { color: colours.line } },
      axisTick: { show: false },
    },
    yAxis: {
      type: "value",
      minInterval: 1,
      axisLabel: font,
      splitLine: { lineStyle: { color: colours.line } },
    },
    // The lowest band is the least grave one.
    series: [...lines].reverse().map(({ name, severity, values }) => ({
      type: "line",
      name,
      data: [...values],
      stack: "all",
      showSymbol: days.length === 1,
      symbolSize: 8,
      lineStyle: { width: 1.5, color: colours.severity[severity] },
      itemStyle: { color: colours.severity[severity] },
      areaStyle: { color: colours.severity[severity], opacity: 0.35 },
    })),
  };
}

/** A bar for each row, of parts that are shares of it. */
export interface BarPart {
  name: string;
  severity: Severity | "none";
  /** One for each row. */
  counts: readonly number[];
  shares: readonly number[];
}

/** Rows of parts, each row as long as the others. */
export function shareBars(rows: readonly string[], parts: readonly BarPart[], colours: Colours): EChartsCoreOption {
  return {
    grid: { left: 8, right: 8, top: 4, bottom: 4, containLabel: true },
    tooltip: {
      ...tooltipOf(colours),
      trigger: "item",
      formatter: ({ seriesIndex = 0, dataIndex = 0 }: { seriesIndex?: number; dataIndex?: number }) =>
        `${rows[dataIndex] ?? ""} · ${parts[seriesIndex]?.name ?? ""}: ${parts[seriesIndex]?.counts[dataIndex] ?? 0}`,
    },
    xAxis: { type: "value", max: 1, show: false },
    yAxis: {
      type: "category",
      data: [...rows],
      inverse: true,
      axisLabel: { color: colours.text, fontSize: 13 },
      axisLine: { show: false },
      axisTick: { show: false },
    },
    series: parts.map(({ name, severity, shares }) => ({
      type: "bar",
      name,
      stack: "all",
      barMaxWidth: 26,
      data: [...shares],
      itemStyle: { color: colours.severity[severity], borderColor: colours.panel, borderWidth: 1 },
    })),
  };
}
