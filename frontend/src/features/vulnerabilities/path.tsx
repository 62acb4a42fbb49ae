/** The way from a flaw to the machine: vulnerability, package, layer, image, host, namespace, container. */
import type { Schema } from "../../api/types";
import { HostName } from "../../components/HostName";
import { Outside } from "../../components/Outside";
import { To } from "../../components/To";
import type { TreeNode } from "../../components/Tree";
import { count } from "../../domain/format";
import { shortDigest } from "../../domain/outside";
import { placeAddress } from "../../domain/place";
import { texts } from "../../texts";

/** Most packages, and most hosts of an image, that are drawn. */
const MOST = 8;

/** Puts it together. */
export function pathOf(
  vulnerability: string,
  place: Schema<"AffectedPlaceRow">,
  findings: readonly Schema<"Finding">[],
  image: Schema<"ImageDetail"> | undefined,
  containers: readonly Schema<"ContainerRow">[],
): TreeNode {
  const words = texts.vulnerabilities;
  const end = placeNode(place, image, containers);
  const packages = findings.slice(0, MOST).map((finding, index): TreeNode => {
    const layer = finding.layer ?? undefined;
    return {
      id: `${index}`,
      kind: texts.hosts.package,
      content: (
        <>
          <Outside text={finding.package} most={60} /> <Outside text={finding.installed_version} most={40} code />
          {finding.path ? (
            <span className="quiet">
              {" "}
              <Outside text={finding.path} most={80} code />
            </span>
          ) : null}
        </>
      ),
      children: layer === undefined ? [end] : [layerNode(layer, finding.in_base_image, image, end)],
    };
  });
  const more = findings.length - packages.length;
  if (more > 0) {
    packages.push({ id: "more", kind: texts.hosts.package, content: words.detail.more(count(more)), children: [] });
  }
  return {
    id: "vulnerability",
    kind: words.columns.id,
    content: (
      <strong>
        <Outside text={vulnerability} most={60} />
      </strong>
    ),
    children: packages,
  };
}

function layerNode(
  layer: string,
  isOfBase: boolean | null | undefined,
  image: Schema<"ImageDetail"> | undefined,
  end: TreeNode,
): TreeNode {
  const words = texts.vulnerabilities.detail;
  const made = image?.image.layers?.find((one) => one.diff_id === layer)?.created_by;
  return {
    id: layer,
    kind: words.layer,
    content: (
      <>
        <Outside text={shortDigest(layer)} code />{" "}
        {isOfBase === true ? words.ofBase : isOfBase === false ? words.ofBuild : null}
        {made ? (
          <span className="quiet">
            {" "}
            <Outside text={made} most={80} code />
          </span>
        ) : null}
      </>
    ),
    children: [end],
  };
}

function placeNode(
  place: Schema<"AffectedPlaceRow">,
  image: Schema<"ImageDetail"> | undefined,
  containers: readonly Schema<"ContainerRow">[],
): TreeNode {
  const words = texts.vulnerabilities.detail;
  const link = (
    <To href={placeAddress(place.place)}>
      <Outside text={place.name} most={80} />
    </To>
  );
  if (image === undefined) {
    return { id: place.place, kind: words.kinds["host"] ?? "", content: link, children: [] };
  }
  // Hosts on which it runs come first.
  const running = new Set(containers.map(({ host }) => host));
  const ordered = [...image.hosts].sort((a, b) => Number(running.has(b)) - Number(running.has(a)));
  const hosts = ordered.slice(0, MOST).map(
    (host): TreeNode => ({
      id: host,
      kind: words.kinds["host"] ?? "",
      content: <HostName id={host} name={image.host_names?.[host]} />,
      children: containerNodes(containers.filter((one) => one.host === host)),
    }),
  );
  const more = image.hosts.length - hosts.length;
  if (more > 0) {
    hosts.push({ id: "more", kind: words.kinds["host"] ?? "", content: words.more(count(more)), children: [] });
  }
  const runs = place.facts.running_containers ?? 0;
  const content =
    runs === 0 ? (
      link
    ) : (
      <>
        {link} <span className="quiet">{words.runs(runs, count(runs))}</span>
      </>
    );
  return { id: place.place, kind: words.kinds["image"] ?? "", content, children: hosts };
}

/** Containers, those of a namespace beneath it. */
function containerNodes(containers: readonly Schema<"ContainerRow">[]): TreeNode[] {
  const shown = containers.slice(0, MOST);
  const nodes = shown.filter(({ namespace }) => !namespace).map(containerNode);
  for (const namespace of new Set(shown.flatMap((one) => one.namespace ?? []))) {
    nodes.push({
      id: `namespace ${namespace}`,
      kind: texts.containers.columns.namespace,
      content: <Outside text={namespace} most={60} />,
      children: shown.filter((one) => one.namespace === namespace).map(containerNode),
    });
  }
  const more = containers.length - shown.length;
  if (more > 0) {
    const content = texts.vulnerabilities.detail.more(count(more));
    nodes.push({ id: "more", kind: texts.containers.columns.name, content, children: [] });
  }
  return nodes;
}

function containerNode(row: Schema<"ContainerRow">): TreeNode {
  return {
    id: row.id,
    kind: texts.containers.columns.name,
    content: (
      <>
        <To href={`/containers/${encodeURIComponent(row.host)}/${encodeURIComponent(row.id)}`}>
          <Outside text={row.name} most={80} />
        </To>{" "}
        <span className="quiet">{texts.common.exposure[row.exposure] ?? texts.common.unknown}</span>
      </>
    ),
    children: [],
  };
}
