/** What to install against a finding, as the vendor says. */
import type { Schema } from "../../api/types";
import { texts } from "../../texts";
import { Outside } from "../Outside";

export function Fix({ finding }: { finding: Schema<"Finding"> }) {
  const words = texts.vulnerabilities.detail;
  const { kb, fixed_version: version, fix_at: at, status } = finding;
  const where = at === null || at === undefined ? undefined : words.fixAt[at];
  if (kb || version) {
    return (
      <span>
        {kb ? (
          <>
            {words.installKb("")}
            <Outside text={kb} most={40} code />
            {version ? (
              <>
                {" ("}
                <Outside text={version} most={60} code />)
              </>
            ) : null}
          </>
        ) : (
          <>
            {words.install("")}
            <Outside text={version ?? ""} most={60} code />
          </>
        )}
        {where !== undefined && <span className="quiet"> · {where}</span>}
      </span>
    );
  }
  if (status === "will_not_fix") {
    return <span>{words.wontFix}</span>;
  }
  if (status === "end_of_life") {
    return <span>{words.endOfLife}</span>;
  }
  return <span className="quiet">{words.noFixYet}</span>;
}
