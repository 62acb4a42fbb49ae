/** Until when something is to be mended, and the facts that say so. */
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { Schema } from "../api/types";
import { count } from "../domain/format";
import { texts } from "../texts";
import { Moment } from "./Moment";
import { Outside } from "./Outside";
import { Scrolls } from "./Scrolls";

/** When it is due, in a line. */
export function Due({ deadline }: { deadline: Schema<"Deadline"> }) {
  const words = texts.vulnerabilities.deadline;
  const { due, days } = deadline;
  if (typeof days !== "number") {
    return <StatusIndicator type="info">{words.nextUpgrade}</StatusIndicator>;
  }
  if (!due) {
    return <StatusIndicator type="pending">{words.within(days, count(days))}</StatusIndicator>;
  }
  return (
    <StatusIndicator type={deadline.overdue ? "error" : "warning"}>
      {deadline.overdue ? words.overdue : words.due} <Moment at={due} plain /> (<Moment at={due} />)
    </StatusIndicator>
  );
}

const ANSWERS = { yes: "warning", no: "success" } as const;

export function DeadlineDetail({ deadline }: { deadline: Schema<"Deadline"> }) {
  const words = texts.vulnerabilities.deadline;
  const { clock, facts = [] } = deadline;
  return (
    <div className="stack">
      <div>
        <strong>
          <Due deadline={deadline} />
        </strong>
        {deadline.reason ? (
          <div>
            <Outside text={deadline.reason} most={400} />
          </div>
        ) : null}
      </div>
      {deadline.is_earliest && <StatusIndicator type="pending">{words.earliest}</StatusIndicator>}
      {deadline.forensics && <StatusIndicator type="warning">{words.forensics}</StatusIndicator>}
      {clock ? (
        <div className="quiet">
          {words.clocks[clock.start] ?? words.clocks["unknown"]} <Moment at={clock.started_at} plain />
        </div>
      ) : typeof deadline.days === "number" ? (
        <div className="quiet">{words.noClock}</div>
      ) : null}
      {facts.length > 0 && (
        <Scrolls label={words.facts}>
          <table className="plain-table narrow">
            <thead>
              <tr>
                <th scope="col">{words.fact}</th>
                <th scope="col">{words.answer}</th>
                <th scope="col">{words.evidence}</th>
              </tr>
            </thead>
            <tbody>
              {facts.map((fact) => (
                <tr key={fact.question}>
                  <th scope="row">{words.questions[fact.question] ?? fact.question}</th>
                  <td className="one-line">
                    <StatusIndicator
                      type={fact.answer === "yes" || fact.answer === "no" ? ANSWERS[fact.answer] : "pending"}
                    >
                      {texts.common.answer[fact.answer] ?? fact.answer}
                    </StatusIndicator>
                  </td>
                  <td>
                    <Outside text={fact.evidence} most={300} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolls>
      )}
    </div>
  );
}
