import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use as register, type EChartsCoreOption } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";

register([BarChart, LineChart, GridComponent, TooltipComponent, SVGRenderer]);

/** ECharts in a box that it never keeps from shrinking. Loaded apart, with the first chart. */
export default function EChart({ option }: { option: EChartsCoreOption }) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ReturnType<typeof init>>(null);

  useEffect(() => {
    const el = box.current;
    if (!el) return;
    const made = init(el, null, { renderer: "svg" });
    chart.current = made;
    const resize = new ResizeObserver(() => made.resize());
    resize.observe(el);
    return () => {
      resize.disconnect();
      made.dispose();
    };
  }, []);

  useEffect(() => {
    chart.current?.setOption(option, { notMerge: true });
  }, [option]);

  return <div ref={box} aria-hidden="true" className="absolute inset-0 overflow-hidden" />;
}
