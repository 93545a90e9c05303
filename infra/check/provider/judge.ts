import { attributesOf } from './attributes.ts';
import type { ResourceFacts } from './schemas.ts';

export type Values = Readonly<Record<string, unknown>>;

/** A value that Terraform does not know yet. */
export const UNKNOWN = { unknown: true } as const;
export const isUnknown = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && (value as { unknown?: unknown }).unknown === true;

const isSet = (value: unknown): boolean =>
  value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0);

const isKnown = (value: unknown): boolean => isSet(value) && !isUnknown(value);

/** What the provider would refuse. A value that is not known yet is not judged. */
export function faultsOf(facts: ResourceFacts, config: Values): readonly string[] {
  const faults: string[] = [];
  for (const [one, other] of facts.conflicts ?? [])
    if (isKnown(config[one]) && isKnown(config[other])) faults.push(`"${one}": conflicts with ${other}`);
  for (const names of facts.oneOf ?? [])
    if (names.every((name) => !isSet(config[name]))) faults.push(`one of ${names.join(', ')} must be specified`);
  for (const [name, allowed] of Object.entries(facts.values ?? {}))
    if (isKnown(config[name]) && !allowed.includes(Number(config[name])))
      faults.push(`expected ${name} to be one of ${allowed.join(', ')}, got ${config[name]}`);
  for (const [name, [least, most]] of Object.entries(facts.ranges ?? {}))
    if (isKnown(config[name]) && !(Number(config[name]) >= least && Number(config[name]) <= most))
      faults.push(`expected ${name} to be in the range (${least} - ${most}), got ${config[name]}`);
  return faults;
}

/** What a create or an update leads to, and the attributes that make it a replacement. */
export function plan(
  facts: ResourceFacts,
  prior: Values | null,
  proposed: Values,
): { readonly planned: Values; readonly replace: readonly string[] } {
  const attributes = attributesOf(facts);
  const planned: Record<string, unknown> = { ...proposed };
  const isUpdate = prior !== null;
  for (const { name, computed, writeOnly } of attributes) {
    if (writeOnly) planned[name] = null;
    else if (!isUpdate && computed && !isSet(planned[name])) planned[name] = UNKNOWN;
  }
  const replace = attributes
    .filter(({ name, forcesNew }) => forcesNew && isUpdate && !same(prior[name], planned[name]))
    .map(({ name }) => name);
  return { planned, replace };
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

/** What a fake AWS answers for values that only it knows. */
export function settle(type: string, planned: Values): Values {
  const label = String(planned['identifier'] ?? planned['name'] ?? type);
  const region = String(planned['region'] ?? 'global');
  const known: Readonly<Record<string, unknown>> = {
    arn: `arn:aws:${type}:${region}:123456789012:${label}`,
    address: `${label}.${region}.rds.example.com`,
    dns_name: `${label}.${region}.elb.example.com`,
    region: 'us-east-1',
    engine: 'postgres',
    username: 'postgres',
    db_name: 'app',
  };
  const numbers = new Set(['allocated_storage', 'backup_retention_period', 'failure_threshold', 'timeout', 'priority']);
  const fill = (name: string, value: unknown): unknown => {
    if (!isUnknown(value)) return value;
    if (numbers.has(name)) return 100;
    if (name === 'multi_az' || name === 'enable_sni') return true;
    if (/^(subnets|security_groups|vpc_security_group_ids)$/.test(name)) return [];
    return known[name] ?? `${label}-${region}-${name}`;
  };
  return Object.fromEntries(Object.entries(planned).map(([name, value]) => [name, fill(name, value)]));
}
