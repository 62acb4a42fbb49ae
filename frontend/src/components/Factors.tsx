/** What raises a risk, as chips. */
import type { ReactNode } from "react";
import { type Factor, standsOut } from "../domain/factors";
import { texts } from "../texts";
import { Chip } from "./Severity";

export function Factors({ factors, children }: { factors: readonly Factor[]; children?: ReactNode }) {
  return (
    <span className="chips">
      {factors.map((factor) => (
        <Chip key={factor} tone={standsOut(factor) ? "bad" : "plain"}>
          {texts.common.marks[factor]}
        </Chip>
      ))}
      {children}
    </span>
  );
}
