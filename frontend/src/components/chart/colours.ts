/** The portal's colours for what is drawn on a canvas, which knows no style sheet. */
import { SEVERITIES, type Severity } from "../../domain/severity";

/** Colours as style sheets have them now, in light or dark. */
export interface Colours {
  severity: Record<Severity | "none", string>;
  text: string;
  quiet: string;
  line: string;
  panel: string;
}

/** Reads them. */
export function coloursNow(): Colours {
  const style = getComputedStyle(document.body);
  const of = (name: string): string => style.getPropertyValue(name).trim();
  const severity: Colours["severity"] = {
    critical: "",
    high: "",
    medium: "",
    low: "",
    unknown: "",
    none: of("--good-mark"),
  };
  for (const one of SEVERITIES) {
    severity[one] = of(`--sev-${one}`);
  }
  return {
    severity,
    text: of("--text"),
    quiet: of("--quiet-text"),
    line: of("--soft-line"),
    panel: of("--panel-ground"),
  };
}
