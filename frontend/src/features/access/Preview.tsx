/** What a collection would have now, asked for while its rule is written. */
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import type { Schema } from "../../api/types";
import { Loaded } from "../../components/Loaded";
import { Outside } from "../../components/Outside";
import { To } from "../../components/To";
import { count } from "../../domain/format";
import { texts } from "../../texts";

/** How long somebody has to pause before it is asked, in milliseconds. */
const PAUSE_MS = 400;

export function Preview({ parts }: { parts: Schema<"CollectionParts"> }) {
  const words = texts.access.collections;
  const written = JSON.stringify(parts);
  const [asked, setAsked] = useState(written);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(written), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [written]);
  const query = useQuery({
    queryKey: ["collection-preview", asked],
    queryFn: ({ signal }) =>
      answered(api.POST("/api/v1/collections/preview", { body: { parts: JSON.parse(asked) }, signal })),
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });
  return (
    <Container header={<Header variant="h2">{words.preview}</Header>}>
      <div aria-live="polite" aria-busy={query.isFetching}>
        <Loaded query={query}>{(preview) => <Found preview={preview} />}</Loaded>
      </div>
    </Container>
  );
}

function Found({ preview }: { preview: Schema<"CollectionPreview"> }) {
  const words = texts.access.collections;
  if (preview.hosts === 0 && preview.images === 0) {
    return <>{words.nothing}</>;
  }
  return (
    <SpaceBetween size="m">
      <Box fontSize="heading-m" fontWeight="bold">
        {words.previewOf(
          words.nHosts(preview.hosts, count(preview.hosts)),
          words.nImages(preview.images, count(preview.images)),
        )}
      </Box>
      <Box color="text-body-secondary">{words.first}</Box>
      <ul className="plain-list">
        {preview.some_hosts.map(({ id, name }) => (
          <li key={id}>
            <To href={`/hosts/${encodeURIComponent(id)}`}>
              <Outside text={name} most={80} />
            </To>
          </li>
        ))}
        {preview.some_images.map(({ id, name }) => (
          <li key={id}>
            <To href={`/images/${encodeURIComponent(id)}`}>
              <Outside text={name} most={80} />
            </To>
          </li>
        ))}
      </ul>
    </SpaceBetween>
  );
}
