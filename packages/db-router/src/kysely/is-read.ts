import type { OperationNode } from 'kysely';

/** The kinds of nodes of a plain select. A kind that is not here, also of a later Kysely, makes a query a write. */
const KINDS = new Set(
  `SelectQuery SelectModifier SelectAll Selection SimpleReferenceExpression Alias Identifier SchemableIdentifier Column Table
  Reference From Join On Where Having GroupBy GroupByItem OrderBy OrderByItem Limit Offset Fetch SetOperation With
  CommonTableExpression CommonTableExpressionName And Or Parens List Tuple Value ValueList PrimitiveValueList Values
  BinaryOperation UnaryOperation Operator Case When Cast DataType Collate AggregateFunction Function Over PartitionBy
  PartitionByItem JSONReference JSONOperatorChain JSONPath JSONPathLeg Raw`
    .split(/\s+/)
    .map((kind) => `${kind}Node`),
);

/** Functions that read only. Another function may write, so a select that calls it runs on the primary. */
const READING = new Set(
  `abs any all array_agg array_length array_position array_to_json array_to_string avg bool_and bool_or btrim cardinality
  ceil ceiling char_length coalesce concat concat_ws count cume_dist date_part date_trunc dense_rank every exists extract
  first_value floor format generate_series greatest in initcap json_agg json_array_elements json_array_length
  json_build_array json_build_object json_object_agg jsonb_agg jsonb_array_elements jsonb_array_length jsonb_build_array
  jsonb_build_object jsonb_object_agg lag last_value lead least left length lower lpad ltrim make_interval max md5 min mod
  now nth_value ntile nullif num_nulls percent_rank percentile_cont percentile_disc position power rank regexp_replace
  regexp_match repeat replace reverse right round row row_number row_to_json rpad rtrim similarity split_part sqrt
  starts_with string_agg string_to_array strpos substr substring sum to_char to_date to_json to_jsonb to_number
  to_timestamp to_tsquery to_tsvector plainto_tsquery websearch_to_tsquery ts_rank translate trim trunc unnest upper
  and or not as on over filter using values within cast when then else between like ilike distinct by from where select
  having lateral is interval numeric decimal varchar char timestamp timestamptz time`.split(/\s+/),
);

const WRITES =
  /\b(?:insert|update|delete|merge|into|call|do|lock|for\s+(?:no\s+key\s+|key\s+)?(?:update|share))\b|\bfor\s*$/i;
const CALLS = /([^\s(),=<>+\-*/|&'[\]:;]+)\s*\(/gu;
/** A second statement, or what may hide one from a regular expression. */
const UNDECIDABLE = /[;\\]|\$\w*\$|--|\/\*|\bu&/i;
const OPENS = /^\s*\(/;
const CATALOG = /^(?:pg_|information_schema$|kysely_migration)/;

function isReading(name: string): boolean {
  return READING.has(name.toLowerCase());
}

/** Whether text of the app certainly only reads. */
function readsOnly(text: string): boolean {
  if (UNDECIDABLE.test(text)) return false;
  const plain = text.replace(/'[^']*'/g, "''");
  return !WRITES.test(plain) && [...plain.matchAll(CALLS)].every(([, name = '']) => isReading(name));
}

/** The name of a function and its parenthesis may stand in different parts of a raw text. */
function rawReads(fragments: readonly string[], parts: readonly unknown[]): boolean {
  if (!fragments.every(readsOnly) || fragments.slice(1).some((fragment) => OPENS.test(fragment))) return false;
  return parts.every((part, at) => {
    const [first = ''] = isNode(part) && part.kind === 'RawNode' ? (part['sqlFragments'] as readonly string[]) : [];
    const before = /([^\s(),=<>+\-*/|]+)\s*$/u.exec(fragments[at] ?? '')?.[1];
    if (!OPENS.test(first)) return true;
    // With no text before it, the part before it may end with the name.
    return before === undefined ? at === 0 || fragments[at]?.trim() !== '' : isReading(before);
  });
}

/**
 * Whether a query certainly only reads, judged by its tree: a select without a lock, without a part that writes, and
 * without a function or a raw text that may write. Kysely's own tables of migrations and the catalog must be current,
 * so they count as writes.
 */
export function isRead(root: OperationNode): boolean {
  if (root.kind !== 'SelectQueryNode') return false;
  const waiting: unknown[] = [root];
  for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
    if (Array.isArray(item)) for (const one of item) waiting.push(one);
    if (Array.isArray(item) || !isNode(item)) continue;
    if (!KINDS.has(item.kind) || !reads(item)) return false;
    // What a value holds is data.
    if (item.kind === 'ValueNode' || item.kind === 'PrimitiveValueListNode') continue;
    for (const part of Object.values(item)) if (typeof part === 'object' && part !== null) waiting.push(part);
  }
  return true;
}

type AnyNode = OperationNode & Readonly<Record<string, unknown>>;

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

function reads(node: AnyNode): boolean {
  switch (node.kind) {
    case 'RawNode':
      return rawReads(node['sqlFragments'] as readonly string[], node['parameters'] as readonly unknown[]);
    case 'FunctionNode':
    case 'AggregateFunctionNode':
      return isReading(String(node['func']));
    // A lock, unless it is DISTINCT. The text of a raw one is a part.
    case 'SelectModifierNode':
      return node['modifier'] === undefined || node['modifier'] === 'Distinct';
    case 'IdentifierNode':
      return !CATALOG.test(String(node['name']));
    default:
      return true;
  }
}
