/** What raises a risk, as chips. */
import Popover from "@cloudscape-design/components/popover";
import type { ReactNode } from "react";
import { type Factor, standsOut } from "../domain/factors";
import { texts } from "../texts";
import { Chip } from "./Severity";

interface FactorsProps {
  factors: readonly Factor[];
  children?: ReactNode;
  /** On one line, as in a row of a list: more than these are behind a button that counts them. All where nothing is said. */
  most?: number;
}

export function Factors({ factors, children, most }: FactorsProps) {
  // A button that hides one is as wide as the one.
  const shown = most === undefined || factors.length <= most + 1 ? factors : factors.slice(0, most);
  const rest = factors.slice(shown.length);
  const words = texts.common.chips;
  return (
    <span className={most === undefined ? "chips" : "chips chips-line"}>
      <Chips factors={shown} />
      {children}
      {rest.length > 0 && (
        <Popover
          triggerType="text"
          size="small"
          dismissButton={false}
          content={
            <span className="chips">
              <Chips factors={rest} />
            </span>
          }
        >
          <span aria-hidden="true">{words.more(rest.length)}</span>
          <span className="unseen">{words.moreFactors(rest.length)}</span>
        </Popover>
      )}
    </span>
  );
}

function Chips({ factors }: { factors: readonly Factor[] }) {
  return factors.map((factor) => (
    <Chip key={factor} tone={standsOut(factor) ? "bad" : "plain"}>
      {texts.common.marks[factor]}
    </Chip>
  ));
}
