/** A vulnerability in one place: which packages have it, what the vendor says to install, and the way from the flaw to the machine. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Factors } from "../../components/Factors";
import { Go } from "../../components/forms/Go";
import { Loaded } from "../../components/Loaded";
import { InLink, Outside } from "../../components/Outside";
import { Fix } from "../../components/place/Fix";
import { Scrolls } from "../../components/Scrolls";
import { Chip } from "../../components/Severity";
import { useMay } from "../../components/session";
import { To } from "../../components/To";
import { Tree } from "../../components/Tree";
import { factorsOfPlace } from "../../domain/factors";
import { pageAddress } from "../../domain/outside";
import { placeAddress, placeOf } from "../../domain/place";
import { texts } from "../../texts";
import { pathOf } from "./path";

/** Most findings of one vulnerability in one place that are shown. */
const MOST = 100;

interface InPlaceProps {
  vulnerability: string;
  place: Schema<"AffectedPlaceRow">;
}

/** What is in a place of a vulnerability. */
interface Found {
  findings: readonly Schema<"Finding">[];
  /** The image itself, where the place is one. */
  image: Schema<"ImageDetail"> | undefined;
  /** Its containers that run, the first of them. */
  containers: readonly Schema<"ContainerRow">[];
}

async function look(vulnerability: string, text: string, signal: AbortSignal): Promise<Found> {
  const place = placeOf(text);
  if (place === undefined) {
    return { findings: [], image: undefined, containers: [] };
  }
  const params = { path: { id: place.id }, query: { search: vulnerability, limit: MOST, excepted: "all" as const } };
  const own = (list: Schema<"FindingList">) => list.findings.filter((one) => one.vulnerability === vulnerability);
  if (place.kind === "host") {
    return {
      findings: own(await answered(api.GET("/api/v1/hosts/{id}/findings", { params, signal }))),
      image: undefined,
      containers: [],
    };
  }
  const ofImage = { query: { image: place.id, running: true, limit: MOST } };
  const [list, image, running] = await Promise.all([
    answered(api.GET("/api/v1/images/{id}/findings", { params, signal })),
    answered(api.GET("/api/v1/images/{id}", { params: { path: { id: place.id } }, signal })),
    answered(api.GET("/api/v1/containers", { params: ofImage, signal })),
  ]);
  return { findings: own(list), image, containers: running.containers };
}

export function InPlace({ vulnerability, place }: InPlaceProps) {
  const words = texts.vulnerabilities.detail;
  const found = useQuery({
    queryKey: ["vulnerability-in-place", vulnerability, place.place],
    queryFn: ({ signal }) => look(vulnerability, place.place, signal),
  });
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={
            <span className="chips">
              <To href={placeAddress(place.place)}>
                <Outside text={place.name} most={80} />
              </To>
              <Factors factors={factorsOfPlace(place.facts)} />
              {place.excepted && <Chip>{texts.exceptions.hiddenHere}</Chip>}
            </span>
          }
          actions={<Exceptions vulnerability={vulnerability} place={place.place} />}
        >
          {words.inPlace}
        </Header>
      }
    >
      <Loaded query={found}>
        {({ findings, image, containers }) => (
          <SpaceBetween size="l">
            <Findings findings={findings} />
            {findings.length > 0 && (
              <div>
                <h3 className="small-heading">{words.path}</h3>
                <Tree label={words.path} root={pathOf(vulnerability, place, findings, image, containers)} />
              </div>
            )}
          </SpaceBetween>
        )}
      </Loaded>
    </Container>
  );
}

/** What can be done where it is to stay. */
function Exceptions({ vulnerability, place }: { vulnerability: string; place: string }) {
  const words = texts.exceptions;
  const may = useMay();
  const query = new URLSearchParams({ vulnerability, place });
  return (
    <SpaceBetween direction="horizontal" size="xs">
      {may("exceptions.read") && (
        <Go href={`/exceptions?vulnerability=${encodeURIComponent(vulnerability)}`} variant="link">
          {words.of}
        </Go>
      )}
      {may("exceptions.request") && <Go href={`/exceptions/new?${query.toString()}`}>{words.request}</Go>}
    </SpaceBetween>
  );
}

function Findings({ findings }: { findings: readonly Schema<"Finding">[] }) {
  const words = texts.vulnerabilities.detail;
  const summary = findings.find((finding) => finding.summary)?.summary;
  return (
    <SpaceBetween size="s">
      {summary ? (
        <div>
          <Outside text={summary} most={400} />
        </div>
      ) : null}
      <Scrolls label={words.inPlace}>
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">{words.packages}</th>
              <th scope="col">{words.fix}</th>
              <th scope="col">{words.evidence}</th>
              <th scope="col">{words.advisory}</th>
            </tr>
          </thead>
          <tbody>
            {findings.slice(0, 20).map((finding) => (
              <tr
                key={`${finding.package} ${finding.installed_version} ${finding.path ?? ""} ${finding.evidence.comparison}`}
              >
                <th scope="row">
                  <Outside text={finding.package} most={80} />{" "}
                  <span className="quiet">
                    <Outside text={finding.installed_version} most={60} code />
                  </span>
                </th>
                <td>
                  <strong>
                    <Fix finding={finding} />
                  </strong>
                  {finding.fixed_in ? (
                    <div className="quiet">
                      <Outside text={finding.fixed_in.advice} most={300} />
                    </div>
                  ) : null}
                  {finding.excepted_by ? (
                    <div>
                      <To href={`/exceptions/${encodeURIComponent(finding.excepted_by)}`}>{texts.exceptions.hidden}</To>
                    </div>
                  ) : null}
                </td>
                <td>
                  <Outside text={finding.evidence.comparison} most={120} code />
                </td>
                <td>
                  <Source finding={finding} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolls>
      {findings.length > 20 && <div className="quiet">{words.more(String(findings.length - 20))}</div>}
    </SpaceBetween>
  );
}

function Source({ finding }: { finding: Schema<"Finding"> }) {
  const { source, advisory } = finding.evidence;
  const address = pageAddress(source.url);
  const text = advisory ?? `${source.feed}: ${source.document}`;
  return address === undefined ? (
    <Outside text={text} most={60} />
  ) : (
    <Link href={address} external>
      <InLink value={true}>
        <Outside text={text} most={60} />
      </InLink>
    </Link>
  );
}
