/** The way from a flaw to the machine: vulnerability, package, layer, image, containers, host. */
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
): TreeNode {
  const words = texts.vulnerabilities;
  const end = placeNode(place, image);
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

function placeNode(place: Schema<"AffectedPlaceRow">, image: Schema<"ImageDetail"> | undefined): TreeNode {
  const words = texts.vulnerabilities.detail;
  const link = (
    <To href={placeAddress(place.place)}>
      <Outside text={place.name} most={80} />
    </To>
  );
  if (image === undefined) {
    return { id: place.place, kind: words.kinds["host"] ?? "", content: link, children: [] };
  }
  const running = place.facts.running_containers ?? 0;
  const hosts = image.hosts.slice(0, MOST).map(
    (host): TreeNode => ({
      id: host,
      kind: words.kinds["host"] ?? "",
      content: <HostName id={host} />,
      children: [],
    }),
  );
  const more = image.hosts.length - hosts.length;
  if (more > 0) {
    hosts.push({ id: "more", kind: words.kinds["host"] ?? "", content: words.more(count(more)), children: [] });
  }
  const runs: TreeNode[] =
    running === 0
      ? hosts
      : [
          {
            id: "running",
            kind: texts.images.containers,
            content: words.runs(running, count(running)),
            children: hosts,
          },
        ];
  return { id: place.place, kind: words.kinds["image"] ?? "", content: link, children: runs };
}
