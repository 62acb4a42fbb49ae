/** A host by its id: its name, once it is known, for whoever may see hosts. */
import { useQuery } from "@tanstack/react-query";
import { answered } from "../api/client";
import { api } from "../api/portal";
import { Outside } from "./Outside";
import { useMay } from "./session";
import { To } from "./To";

export function HostName({ id }: { id: string }) {
  const may = useMay();
  const seesHosts = may("hosts.read");
  const found = useQuery({
    queryKey: ["host", id],
    enabled: seesHosts,
    queryFn: ({ signal }) => answered(api.GET("/api/v1/hosts/{id}", { params: { path: { id } }, signal })),
    // A host that went away is still one that held the image.
    retry: false,
  });
  const name = found.data?.host.name;
  const shown = name === undefined ? <Outside text={id} code /> : <Outside text={name} most={80} />;
  return seesHosts ? <To href={`/hosts/${encodeURIComponent(id)}`}>{shown}</To> : shown;
}
