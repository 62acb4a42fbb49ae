/** Two images beside each other. Which ones stands in the address. */
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useSearchParams } from "react-router";
import type { Schema } from "../../api/types";
import { CoverageStatus } from "../../components/Coverage";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loaded";
import { MOST_ROWS, progressOf } from "../../components/list/useWhole";
import { Moment } from "../../components/Moment";
import { Outside } from "../../components/Outside";
import { Page } from "../../components/Page";
import { ProblemAlert } from "../../components/Problem";
import { ScoreBar, SeverityCounts } from "../../components/Severity";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { shortDigest } from "../../domain/outside";
import { texts } from "../../texts";
import { Changes } from "./changes";
import { useImage, useWholeImage } from "./compare";
import { PickImage } from "./PickImage";

export function ComparePage() {
  const words = texts.images.compare;
  const [params, setParams] = useSearchParams();
  const first = params.get("a") ?? "";
  const second = params.get("b") ?? "";
  const choose = (a: string, b: string): void => {
    const chosen = Object.entries({ a, b }).filter(([, id]) => id !== "");
    setParams(new URLSearchParams(chosen));
  };
  return (
    <Page
      title={words.title}
      description={words.description}
      above={[{ text: texts.images.title, href: "/images" }]}
      actions={
        first !== "" && second !== "" ? <Button onClick={() => choose(second, first)}>{words.swap}</Button> : undefined
      }
    >
      <div className="halves">
        <Side key={`a ${first}`} label={words.first} id={first} onChoose={(id) => choose(id, second)} />
        <Side key={`b ${second}`} label={words.second} id={second} onChoose={(id) => choose(first, id)} />
      </div>
      {first === "" || second === "" ? (
        <Container>
          <Empty title={words.nothingChosen}>{words.nothingChosenHint}</Empty>
        </Container>
      ) : first === second ? (
        <Alert type="info" header={words.sameImage}>
          {words.sameImageHint}
        </Alert>
      ) : (
        <Compared key={`${first} ${second}`} first={first} second={second} />
      )}
    </Page>
  );
}

interface SideProps {
  label: string;
  id: string;
  onChoose: (id: string) => void;
}

function Side({ label, id, onChoose }: SideProps) {
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            id === "" ? undefined : (
              <Button onClick={() => onChoose("")} ariaLabel={`${texts.images.compare.change}: ${label}`}>
                {texts.images.compare.change}
              </Button>
            )
          }
        >
          {label}
        </Header>
      }
    >
      {id === "" ? <PickImage label={texts.images.columns.name} onPick={onChoose} /> : <Facts id={id} />}
    </Container>
  );
}

function Facts({ id }: { id: string }) {
  const words = texts.images.compare;
  const detail = useImage(id);
  return (
    <Loaded query={detail}>
      {({ image, standing }) => (
        <SpaceBetween size="s">
          <To href={`/images/${encodeURIComponent(id)}`} fontSize="heading-s">
            <Outside text={image.tags?.[0] ?? shortDigest(id)} most={120} />
          </To>
          <KeyValuePairs
            columns={2}
            items={[
              { label: words.score, value: <ScoreBar score={standing?.top_score} /> },
              {
                label: words.coverage,
                value: standing ? <CoverageStatus status={standing.coverage} /> : texts.images.detail.notJudged,
              },
              {
                label: words.vulnerabilities,
                value: standing ? <SeverityCounts counts={standing.counts} /> : texts.common.unknown,
              },
              { label: words.built, value: <Moment at={image.created_at} otherwise={texts.common.unknown} /> },
            ]}
          />
        </SpaceBetween>
      )}
    </Loaded>
  );
}

function Compared({ first, second }: { first: string; second: string }) {
  const words = texts.images.compare;
  const a = useWholeImage(first);
  const b = useWholeImage(second);
  const lists = [a.packages, a.findings, b.packages, b.findings];
  const queries = [a.detail, b.detail, ...lists.map(({ query }) => query)];
  const failed = queries.find(({ isError, data }) => isError && data === undefined);
  if (failed !== undefined) {
    const again = (): void => {
      for (const query of queries) {
        if (query.isError) {
          void query.refetch();
        }
      }
    };
    return <ProblemAlert error={failed.error} onRetry={again} />;
  }
  const one = sideOf(a);
  const other = sideOf(b);
  if (one === undefined || other === undefined) {
    return (
      <Container>
        <ProgressBar label={words.reading} description={words.readingHint} value={progressOf(lists)} />
      </Container>
    );
  }
  const isCut = lists.some(({ query }) => query.data?.isCut);
  const isPartly = [one, other].some(({ image }) => image.standing?.coverage !== "complete");
  return (
    <>
      {isPartly && (
        <Alert type="warning" header={words.partly}>
          {words.partlyHint}
        </Alert>
      )}
      {isCut && (
        <Alert type="warning" header={words.cut(count(MOST_ROWS))}>
          {words.cutHint}
        </Alert>
      )}
      <Changes first={one} second={other} />
    </>
  );
}

/** An image with all that is compared of it. */
export interface ImageSide {
  image: Schema<"ImageDetail">;
  packages: readonly Schema<"Package">[];
  findings: readonly Schema<"Finding">[];
}

function sideOf({ detail, packages, findings }: ReturnType<typeof useWholeImage>): ImageSide | undefined {
  const image = detail.data;
  const its = packages.query.data;
  const found = findings.query.data;
  return image === undefined || its === undefined || found === undefined
    ? undefined
    : { image, packages: its.rows, findings: found.rows };
}
