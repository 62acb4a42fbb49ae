/** The layers of an image as the steps of its build, split at its base, each with what it brought. */
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMemo, useState } from "react";
import type { Schema } from "../../api/types";
import { Copyable } from "../../components/Copy";
import { progressOf } from "../../components/list/useWhole";
import { Outside } from "../../components/Outside";
import { ProblemAlert } from "../../components/Problem";
import { Scrolls } from "../../components/Scrolls";
import { Chip, ScoreBar, SeverityBadge, SeverityCounts } from "../../components/Severity";
import { To } from "../../components/To";
import { bytes, count } from "../../domain/format";
import { type LayerGroup, type LayerOf, layerGroups } from "../../domain/layers";
import { shortDigest } from "../../domain/outside";
import { texts } from "../../texts";
import { useWholeImage } from "./compare";

/** Most packages, and most vulnerabilities, of a layer that are drawn. */
const MOST = 30;

export function Layers({ detail }: { detail: Schema<"ImageDetail"> }) {
  const words = texts.images.detail;
  const { image } = detail;
  const { packages, findings } = useWholeImage(image.id);
  const lists = [packages, findings];
  const isHere = lists.every(({ query }) => query.data !== undefined);
  const failed = lists.find(({ query }) => query.isError && query.data === undefined)?.query;
  const its = packages.query.data?.rows;
  const found = findings.query.data?.rows;
  const groups = useMemo(
    () => layerGroups(image.layers ?? [], image.base?.layers ?? undefined, its ?? [], found ?? []),
    [image, its, found],
  );
  const missing = useMemo(() => new Set(detail.missing_layers), [detail.missing_layers]);
  const isCut = lists.some(({ query }) => query.data?.isCut);
  return (
    <Container
      header={
        <Header variant="h2" counter={`(${count(image.layers?.length ?? 0)})`} description={words.layersHint}>
          {words.layers}
        </Header>
      }
    >
      <div className="stack">
        {failed !== undefined && <ProblemAlert error={failed.error} onRetry={() => void failed.refetch()} />}
        {!isHere && failed === undefined && <ProgressBar label={words.readingLayers} value={progressOf(lists)} />}
        {isCut && <Alert type="warning">{texts.common.list.cutShort(count(its?.length ?? 0))}</Alert>}
        {groups.length === 0 ? (
          words.noLayers
        ) : (
          <Scrolls label={words.layers}>
            <table className="plain-table layers">
              <thead>
                <tr>
                  <th scope="col">{words.layer.number}</th>
                  <th scope="col">{words.layer.made}</th>
                  <th scope="col">{words.layer.size}</th>
                  <th scope="col">{words.layer.packages}</th>
                  <th scope="col">{words.layer.vulnerabilities}</th>
                  <th scope="col">{words.layer.state}</th>
                  <th scope="col">{words.layer.digest}</th>
                </tr>
              </thead>
              {groups.map((group) => (
                <Group key={group.kind} group={group} base={image.base?.name} isHere={isHere} missing={missing} />
              ))}
            </table>
          </Scrolls>
        )}
      </div>
    </Container>
  );
}

interface GroupProps {
  group: LayerGroup;
  base: string | null | undefined;
  /** Whether packages and findings are here. */
  isHere: boolean;
  missing: ReadonlySet<string>;
}

function Group({ group, base, isHere, missing }: GroupProps) {
  const words = texts.images.detail;
  const title = { base: words.baseImage, build: words.thisBuild, all: words.allLayers }[group.kind];
  return (
    <tbody>
      <tr className="layers-group">
        <th scope="rowgroup" colSpan={2}>
          <strong>{title}</strong>
          {group.kind === "base" && base ? (
            <>
              {" "}
              <Outside text={base} most={80} />
            </>
          ) : null}{" "}
          <span className="quiet">{words.layersOf(group.layers.length, count(group.layers.length))}</span>
        </th>
        <td className="one-line">
          <strong>{group.sizeBytes === undefined ? texts.common.unknown : bytes(group.sizeBytes)}</strong>
        </td>
        <td>{isHere ? <strong>{count(group.packages)}</strong> : "…"}</td>
        <td>{isHere ? <SeverityCounts counts={group.counts} /> : "…"}</td>
        <td colSpan={2} />
      </tr>
      {group.layers.map((layer) => (
        <Layer key={layer.index} layer={layer} isHere={isHere} isMissing={missing.has(layer.diffId)} />
      ))}
    </tbody>
  );
}

function Layer({ layer, isHere, isMissing }: { layer: LayerOf; isHere: boolean; isMissing: boolean }) {
  const words = texts.images.detail;
  const [isOpen, setOpen] = useState(false);
  const hasMore = layer.packages.length > 0 || layer.vulnerabilities.length > 0;
  const number = count(layer.index + 1);
  return (
    <>
      <tr>
        <th scope="row" className="one-line">
          {hasMore ? (
            <Button
              variant="inline-icon"
              iconName={isOpen ? "caret-down-filled" : "caret-right-filled"}
              ariaExpanded={isOpen}
              ariaLabel={words.layerOpen(number)}
              onClick={() => setOpen(!isOpen)}
            />
          ) : null}{" "}
          {number}
        </th>
        <td>
          {layer.step === undefined ? (
            <span className="quiet">{texts.common.unknown}</span>
          ) : (
            <>
              {layer.step.word !== undefined && <span className="tree-kind">{layer.step.word}</span>}
              <Outside text={layer.step.text} most={160} code />
            </>
          )}
        </td>
        <td className="one-line">{layer.sizeBytes === undefined ? texts.common.unknown : bytes(layer.sizeBytes)}</td>
        <td>{isHere ? count(layer.packages.length) : "…"}</td>
        <td>{isHere ? <SeverityCounts counts={layer.counts} /> : "…"}</td>
        <td>
          {isMissing ? (
            <StatusIndicator type="warning">{words.missing}</StatusIndicator>
          ) : (
            <StatusIndicator type="success">{words.read}</StatusIndicator>
          )}
        </td>
        <td className="one-line">
          <Copyable text={layer.diffId} shown={shortDigest(layer.diffId)} />
        </td>
      </tr>
      {isOpen && (
        <tr>
          <td colSpan={7}>
            <Brought layer={layer} />
          </td>
        </tr>
      )}
    </>
  );
}

function Brought({ layer }: { layer: LayerOf }) {
  const words = texts.images.detail;
  const { packages, vulnerabilities } = layer;
  return (
    <div className="halves">
      <div>
        <h3 className="small-heading">{words.layer.vulnerabilities}</h3>
        {vulnerabilities.length === 0 ? (
          <span className="quiet">{texts.common.none}</span>
        ) : (
          <ul className="plain-list">
            {vulnerabilities.slice(0, MOST).map((one) => (
              <li key={one.id}>
                <span className="chips">
                  <To href={`/vulnerabilities/${encodeURIComponent(one.id)}`}>
                    <Outside text={one.id} most={60} />
                  </To>
                  <ScoreBar score={one.score} />
                  <SeverityBadge severity={one.severity} />
                  {one.isExploited && <Chip tone="bad">{texts.common.chips.knownExploited}</Chip>}
                  <span className="quiet">
                    <Outside text={one.packages.join(", ")} most={80} />
                  </span>
                </span>
              </li>
            ))}
          </ul>
        )}
        {vulnerabilities.length > MOST && (
          <p className="quiet">{texts.vulnerabilities.detail.more(count(vulnerabilities.length - MOST))}</p>
        )}
      </div>
      <div>
        <h3 className="small-heading">{words.layer.packages}</h3>
        {packages.length === 0 ? (
          <span className="quiet">{texts.common.none}</span>
        ) : (
          <ul className="plain-list">
            {packages.slice(0, MOST).map((one, index) => (
              // A package may lie in a layer twice.
              // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes
              <li key={`${index} ${one.name} ${one.version}`}>
                <Outside text={one.name} most={80} /> <Outside text={one.version} most={60} code />
              </li>
            ))}
          </ul>
        )}
        {packages.length > MOST && (
          <p className="quiet">{texts.vulnerabilities.detail.more(count(packages.length - MOST))}</p>
        )}
      </div>
    </div>
  );
}
