/** A chart. What it shows stands beside it in words, for whoever does not see it; it is drawn when it comes onto the screen. */
import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { texts } from "../../texts";
import { currentLook, isDark, onLook } from "../look";
import { type Colours, coloursNow } from "./colours";

interface ChartProps {
  /** What it shows, in a sentence. */
  label: string;
  /** What to draw; made by `useCallback`. */
  draw: (colours: Colours) => EChartsCoreOption;
  /** Low ones are for a few bars. */
  size?: "high" | "low";
}

/** Motion only for those who want it. */
const still = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");

export function Chart({ label, draw, size = "high" }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | undefined>(undefined);
  const [isReady, setReady] = useState(false);
  const [failed, setFailed] = useState(false);
  const isInDark = useSyncExternalStore(onLook, isDark);
  useSyncExternalStore(onLook, currentLook);

  useEffect(() => {
    const ground = place.current;
    if (ground === null) {
      return undefined;
    }
    let isGone = false;
    const begin = async (): Promise<void> => {
      try {
        const { init } = await import("./engine");
        if (!isGone) {
          chart.current = init(ground, null, { renderer: "canvas" });
          setReady(true);
        }
      } catch {
        // The words beside it stay.
        setFailed(true);
      }
    };
    const seen = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) {
        seen.disconnect();
        void begin();
      }
    });
    seen.observe(ground);
    const sized = new ResizeObserver(() => chart.current?.resize());
    sized.observe(ground);
    return () => {
      isGone = true;
      seen.disconnect();
      sized.disconnect();
      chart.current?.dispose();
      chart.current = undefined;
    };
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: other colours are another picture
  useEffect(() => {
    if (isReady) {
      const option = { animation: still?.matches !== true, ...draw(coloursNow()) };
      chart.current?.setOption(option, { notMerge: true });
    }
  }, [draw, isReady, isInDark]);

  return (
    <div className={`chart chart-${size}`}>
      <div ref={place} className="chart-ground" role="img" aria-label={label} data-drawn={isReady} />
      {failed && <div className="chart-failed quiet">{texts.common.chart.failed}</div>}
    </div>
  );
}
