/** Labels that somebody gave to a thing. */
import { texts } from "../texts";
import { Outside } from "./Outside";
import { Chip } from "./Severity";

/** Most that are shown at once. */
const MOST = 20;

export function Labels({ labels }: { labels: Readonly<Record<string, string>> }) {
  const all = Object.entries(labels);
  if (all.length === 0) {
    return <>{texts.common.none}</>;
  }
  return (
    <span className="chips">
      {all.slice(0, MOST).map(([name, value]) => (
        <Chip key={name}>
          <Outside text={value === "" ? name : `${name}=${value}`} most={60} />
        </Chip>
      ))}
      {all.length > MOST && (
        <span className="quiet">{texts.vulnerabilities.detail.more(String(all.length - MOST))}</span>
      )}
    </span>
  );
}
