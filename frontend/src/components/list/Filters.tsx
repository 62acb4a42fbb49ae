/** The filters of a list: what can be asked is offered, what is asked stands in the address. */
import PropertyFilter, { type PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import { useMemo } from "react";
import { moment } from "../../domain/format";
import { type FilterToken, type ListFilter, type ListQuery, queryOf, tokensOf } from "../../domain/listQuery";
import { texts } from "../../texts";

interface FiltersProps {
  filters: readonly ListFilter[];
  query: ListQuery;
  onChange: (query: ListQuery) => void;
  /** Whether texts can be sought. */
  hasSearch: boolean;
  placeholder: string;
  countText: string | undefined;
}

export function Filters({ filters, query, onChange, hasSearch, placeholder, countText }: FiltersProps) {
  const properties = useMemo(() => filters.map(propertyOf), [filters]);
  const options = useMemo(() => filters.flatMap(optionsOf), [filters]);
  const tokens = tokensOf(query, filters).map((token) => tokenOf(token, filters));
  return (
    <PropertyFilter
      query={{ operation: "and", tokens }}
      onChange={({ detail }) => {
        const next = detail.tokens.map((token) => fromToken(token));
        onChange(queryOf(next, filters, query["sort"]));
      }}
      filteringProperties={properties}
      filteringOptions={options}
      freeTextFiltering={{ operators: [":"], defaultOperator: ":" }}
      disableFreeTextFiltering={!hasSearch}
      filteringPlaceholder={placeholder}
      filteringAriaLabel={placeholder}
      hideOperations
      expandToViewport
      {...(countText === undefined ? {} : { countText })}
      i18nStrings={{ filteringAriaLabel: placeholder, filteringPlaceholder: placeholder }}
    />
  );
}

function propertyOf(filter: ListFilter): PropertyFilterProps.FilteringProperty {
  return {
    key: filter.key,
    propertyLabel: filter.label,
    groupValuesLabel: filter.label,
    operators: filter.several
      ? [
          {
            operator: "=",
            tokenType: "enum",
            format: (value: unknown) =>
              (Array.isArray(value) ? value : [value]).map((one) => labelOf(filter, String(one))).join(", "),
          },
        ]
      : [{ operator: filter.kind === "text" ? ":" : "=", format: (value: unknown) => labelOf(filter, String(value)) }],
    defaultOperator: filter.kind === "text" ? ":" : "=",
  };
}

function wordsOf(filter: ListFilter): readonly { word: string; label: string }[] {
  if (filter.kind === "yesno") {
    return [
      { word: "true", label: texts.common.yes },
      { word: "false", label: texts.common.no },
    ];
  }
  return filter.words ?? [];
}

function optionsOf(filter: ListFilter): PropertyFilterProps.FilteringOption[] {
  return wordsOf(filter).map(({ word, label }) => ({ propertyKey: filter.key, value: word, label }));
}

function labelOf(filter: ListFilter, value: string): string {
  return filter.kind === "moment"
    ? moment(value)
    : (wordsOf(filter).find(({ word }) => word === value)?.label ?? value);
}

function tokenOf(token: FilterToken, filters: readonly ListFilter[]): PropertyFilterProps.Token {
  const filter = filters.find(({ key }) => key === token.key);
  if (filter === undefined) {
    return { operator: ":", value: token.values.join(" ") };
  }
  const operator = filter.kind === "text" ? ":" : "=";
  return { propertyKey: filter.key, operator, value: filter.several ? token.values : token.values[0] };
}

function fromToken(token: PropertyFilterProps.Token): FilterToken {
  const value: unknown = token.value;
  const values = (Array.isArray(value) ? value : [value]).map(String);
  return { key: token.propertyKey, values };
}
