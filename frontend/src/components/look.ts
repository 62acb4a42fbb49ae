/** How the portal looks for whoever uses this browser: light or dark, dense or not. Kept in the browser, and nothing else is. */
import { applyDensity, applyMode, Density, Mode } from "@cloudscape-design/global-styles";
import { keep, kept } from "./kept";

/** What can be chosen. */
export interface Look {
  mode: "system" | "light" | "dark";
  density: "compact" | "comfortable";
}

const KEY = "look";
const listeners = new Set<() => void>();
const darkSystem = globalThis.matchMedia?.("(prefers-color-scheme: dark)");

let look: Look = read();

function read(): Look {
  const found = kept(KEY);
  const one: Partial<Look> = typeof found === "object" && found !== null ? found : {};
  return {
    mode: one.mode === "light" || one.mode === "dark" ? one.mode : "system",
    density: one.density === "comfortable" ? "comfortable" : "compact",
  };
}

/** Whether the portal is dark now. */
export function isDark(): boolean {
  return look.mode === "dark" || (look.mode === "system" && darkSystem?.matches === true);
}

function apply(): void {
  applyMode(isDark() ? Mode.Dark : Mode.Light);
  applyDensity(look.density === "compact" ? Density.Compact : Density.Comfortable);
  for (const listener of listeners) {
    listener();
  }
}

/** Looks as was chosen, and follows the system where that was chosen. */
export function beginLook(): void {
  darkSystem?.addEventListener("change", apply);
  apply();
}

/** What is chosen. */
export function currentLook(): Look {
  return look;
}

/** Chooses. */
export function chooseLook(next: Partial<Look>): void {
  look = { ...look, ...next };
  keep(KEY, look);
  apply();
}

/** Tells of changes, until what it returns is called. */
export function onLook(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
