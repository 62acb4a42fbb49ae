/** A host by its id: its name, where it is known, for whoever may see hosts. */
import { Outside } from "./Outside";
import { useMay } from "./session";
import { To } from "./To";

export function HostName({ id, name }: { id: string; name: string | undefined }) {
  const may = useMay();
  const shown = name === undefined ? <Outside text={id} code /> : <Outside text={name} most={80} />;
  return may("hosts.read") ? <To href={`/hosts/${encodeURIComponent(id)}`}>{shown}</To> : shown;
}
