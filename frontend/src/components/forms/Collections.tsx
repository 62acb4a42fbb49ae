/** Collections: chosen in forms, and by their names where they are shown. */
import FormField from "@cloudscape-design/components/form-field";
import Multiselect from "@cloudscape-design/components/multiselect";
import { visible } from "../../domain/outside";
import { texts } from "../../texts";
import { Outside } from "../Outside";
import { To } from "../To";
import { useCollections } from "./choices";

interface CollectionsFieldProps {
  label?: string;
  value: readonly string[];
  onChange: (ids: string[]) => void;
  /** Said where none is chosen. */
  placeholder?: string;
}

export function CollectionsField({ label, value, onChange, placeholder }: CollectionsFieldProps) {
  const known = useCollections();
  const optionOf = (id: string) => {
    const found = known.find((one) => one.id === id);
    return { value: id, label: visible(found?.collection.name ?? id).slice(0, 120) };
  };
  return (
    <FormField label={label ?? texts.forms.collections}>
      <Multiselect
        options={known.map(({ id }) => optionOf(id))}
        selectedOptions={value.map(optionOf)}
        filteringType="auto"
        expandToViewport
        placeholder={placeholder ?? texts.forms.anywhere}
        onChange={({ detail }) =>
          onChange(detail.selectedOptions.flatMap((option) => (option.value === undefined ? [] : [option.value])))
        }
      />
    </FormField>
  );
}

/** The names of collections, as links. */
export function CollectionNames({ ids }: { ids: readonly string[] }) {
  const known = useCollections();
  return (
    <>
      {ids.map((id, index) => (
        <span key={id}>
          {index > 0 && ", "}
          <To href={`/access/collections/${encodeURIComponent(id)}`}>
            <Outside text={known.find((one) => one.id === id)?.collection.name ?? id} most={60} />
          </To>
        </span>
      ))}
    </>
  );
}
