/** One build of Windows: the newest update of it that is known, and what is on which revision. */
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useState } from "react";
import type { Schema } from "../../api/types";
import { Copyable } from "../../components/Copy";
import { Outside } from "../../components/Outside";
import { Scrolls } from "../../components/Scrolls";
import { ScoreBar, SeverityCounts } from "../../components/Severity";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { placeAddress } from "../../domain/place";
import { buildText } from "../../domain/windows";
import { texts } from "../../texts";

/** Most places that are drawn at once. */
const MOST = 50;

export function Build({ build }: { build: Schema<"WindowsBuild"> }) {
  const words = texts.windows;
  return (
    <Container
      header={
        <Header variant="h2">
          <Outside text={build.name} most={80} />
        </Header>
      }
    >
      <div className="stack">
        <KeyValuePairs
          columns={3}
          items={[
            { label: words.newest, value: <Copyable text={buildText(build.build, build.newest_ubr)} /> },
            { label: words.kb, value: build.newest_kb ? <Copyable text={build.newest_kb} /> : words.noKb },
            {
              label: words.baseTag,
              value: (
                <>
                  <Copyable text={build.base_tag} />
                  <div className="quiet">{words.baseTagHint}</div>
                </>
              ),
            },
          ]}
        />
        <Scrolls label={build.name}>
          <table className="plain-table roomy">
            <thead>
              <tr>
                <th scope="col">{words.revision}</th>
                <th scope="col">{words.hosts}</th>
                <th scope="col">{words.images}</th>
                <th scope="col">{words.running}</th>
                <th scope="col">{words.fixes}</th>
                <th scope="col">{words.exploited}</th>
              </tr>
            </thead>
            <tbody>
              {build.revisions.map((revision) => (
                <Revision key={revision.ubr} build={build.build} revision={revision} />
              ))}
            </tbody>
          </table>
        </Scrolls>
      </div>
    </Container>
  );
}

function Revision({ build, revision }: { build: number; revision: Schema<"WindowsRevision"> }) {
  const words = texts.windows;
  const [isOpen, setOpen] = useState(false);
  const text = buildText(build, revision.ubr);
  const { fixed_by_newer: fixes, places } = revision;
  const more = revision.hosts + revision.images - Math.min(places.length, MOST);
  return (
    <>
      <tr>
        <th scope="row" className="one-line">
          <Button
            variant="inline-icon"
            iconName={isOpen ? "caret-down-filled" : "caret-right-filled"}
            ariaExpanded={isOpen}
            ariaLabel={words.showPlaces(text)}
            onClick={() => setOpen(!isOpen)}
          />{" "}
          <Outside text={text} code />{" "}
          <StatusIndicator type={revision.is_newest ? "success" : "warning"}>
            {revision.is_newest ? words.current : words.behind}
          </StatusIndicator>
        </th>
        <td>{count(revision.hosts)}</td>
        <td>{count(revision.images)}</td>
        <td>{count(revision.running_containers)}</td>
        <td>
          <SeverityCounts counts={{ ...fixes }} />
        </td>
        <td>{count(fixes.known_exploited)}</td>
      </tr>
      {isOpen && (
        <tr>
          <td colSpan={6}>
            <ul className="plain-list">
              {places.slice(0, MOST).map((place) => (
                <li key={place.place}>
                  <span className="chips">
                    <To href={placeAddress(place.place)}>
                      <Outside text={place.name} most={100} />
                    </To>
                    <ScoreBar score={place.top_score} />
                    {typeof place.running_containers === "number" && place.running_containers > 0 && (
                      <span className="quiet">{texts.common.chips.running(count(place.running_containers))}</span>
                    )}
                  </span>
                </li>
              ))}
            </ul>
            {more > 0 && <p className="quiet">{words.more(count(more))}</p>}
          </td>
        </tr>
      )}
    </>
  );
}
