/** An image, chosen by its name. */
import Autosuggest from "@cloudscape-design/components/autosuggest";
import FormField from "@cloudscape-design/components/form-field";
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { answered } from "../../api/client";
import { api } from "../../api/portal";
import { count } from "../../domain/format";
import { shortDigest, visible } from "../../domain/outside";
import { texts } from "../../texts";

/** Images that are offered at once. */
const OFFERED = 20;

export function PickImage({ label, onPick }: { label: string; onPick: (id: string) => void }) {
  const words = texts.images.compare;
  const [typed, setTyped] = useState("");
  const search = useDeferredValue(typed.trim());
  const found = useQuery({
    queryKey: ["images", "pick", search],
    queryFn: ({ signal }) => {
      const query = { limit: OFFERED, ...(search === "" ? {} : { search }) };
      return answered(api.GET("/api/v1/images", { params: { query }, signal }));
    },
  });
  const images = found.data?.images ?? [];
  const hasMore = Boolean(found.data?.next_cursor);
  return (
    <FormField label={label} stretch>
      <Autosuggest
        value={typed}
        onChange={({ detail }) => setTyped(detail.value)}
        onSelect={({ detail }) => {
          // What was typed and is no image chooses none.
          if (detail.selectedOption?.value !== undefined) {
            onPick(detail.selectedOption.value);
          }
        }}
        options={images.map((row) => ({
          value: row.id,
          label: visible(row.name).slice(0, 160),
          description: [row.os ? visible(row.os).slice(0, 80) : undefined, shortDigest(row.id)]
            .filter((one) => one !== undefined)
            .join(" · "),
        }))}
        filteringType="manual"
        statusType={found.isError ? "error" : found.isPending ? "loading" : "finished"}
        loadingText={words.pickLooking}
        errorText={words.pickFailed}
        recoveryText={texts.common.tryAgain}
        {...(hasMore ? { finishedText: words.pickMore(count(images.length)) } : {})}
        onLoadItems={() => {
          if (found.isError) {
            void found.refetch();
          }
        }}
        empty={words.pickNone}
        placeholder={words.pick}
        ariaLabel={label}
        enteredTextLabel={(value) => value}
        expandToViewport
      />
    </FormField>
  );
}
