import type { Database, Infrastructure, Named } from './infrastructure.ts';

/** A rule that is broken, where, and what to do. */
export interface Finding {
  readonly rule: string;
  readonly at: string;
  readonly says: string;
}

interface Rule {
  readonly id: string;
  readonly says: string;
  readonly broken: (all: Infrastructure) => readonly Named[];
}

/** A number, if it is literal. */
const literal = (value: string | undefined): number | undefined =>
  value !== undefined && /^-?\d+$/.test(value) ? Number(value) : undefined;
const outside = (value: string | undefined, least: number, most: number): boolean => {
  const number = literal(value);
  return number !== undefined && (number < least || number > most);
};
const bare = (name: string | undefined): string => (name ?? '').toLowerCase().replace(/\.$/, '');
const isReplica = ({ source }: Database): boolean => source !== undefined;
const isArn = (source: string): boolean => /^arn:|arn/i.test(source) && !/\.(?:id|identifier)\b/.test(source);
/** `arn:aws:kms:REGION:…` */
const regionOfKey = (key: string | undefined): string | undefined => /^arn:[\w-]+:kms:([\w-]+):/.exec(key ?? '')?.[1];
const HOST = /["'\s{,](?:host|hostname|endpoint|address|db_?host)["']?\s*[:=]/i;

const RULES: readonly Rule[] = [
  {
    id: 'latency-and-failover',
    says: 'A record has one routing policy. Use latency with a health check; failover only for a region that serves nothing.',
    broken: ({ records }) => records.filter(({ latency, failover }) => latency && failover),
  },
  {
    id: 'ttl-of-an-alias',
    says: 'An alias to a load balancer has a TTL of 60 s, and no other. Use a CNAME with ttl = 10 where the name is not the apex.',
    broken: ({ records }) => records.filter(({ ttl, hasAlias }) => hasAlias && ttl !== undefined),
  },
  {
    id: 'alias-below-the-apex',
    says: 'Below the apex a CNAME with ttl = 10 leads clients away 50 s sooner than this alias.',
    broken: ({ records }) =>
      records.filter(
        ({ name, latency, hasAlias, hasConditionalAlias }) =>
          latency && hasAlias && !hasConditionalAlias && /^[\w-]+(?:\.[\w-]+){2,}\.?$/.test(name),
      ),
  },
  {
    id: 'no-check-of-the-region',
    says: 'A latency record without a health check stays in DNS when its region is down.',
    broken: ({ records }) => records.filter(({ latency, healthCheck }) => latency && healthCheck === undefined),
  },
  {
    id: 'check-of-the-global-name',
    says: "The check asks the region that DNS returns, so it does not fail while any region answers. Check the region's own name.",
    broken: ({ records, checks }) => {
      const shared = new Set(
        records.filter((record) => record.latency || record.failover).map(({ name }) => bare(name)),
      );
      return checks.filter(({ host }) => host !== undefined && shared.has(bare(host)));
    },
  },
  {
    id: 'check-interval',
    says: 'Route 53 checks every 10 or 30 s, with a threshold of 1 to 10.',
    broken: ({ checks }) =>
      checks.filter(
        ({ interval, threshold }) =>
          (literal(interval) !== undefined && ![10, 30].includes(literal(interval) as number)) ||
          outside(threshold, 1, 10),
      ),
  },
  {
    id: 'source-by-identifier',
    says: 'An identifier names an instance of the same region. A replica in another region needs the ARN of its source.',
    broken: ({ databases }) => databases.filter(({ source }) => source !== undefined && !isArn(source)),
  },
  {
    id: 'key-of-the-replica',
    says: 'An encrypted replica needs a key of its own region: the key of the source cannot be used there.',
    broken: ({ databases }) =>
      databases.filter((database) => {
        const region = regionOfKey(database.key);
        const isElsewhere =
          region !== undefined && /^[a-z]{2}-[a-z]+-\d$/.test(database.region ?? '') && region !== database.region;
        return isElsewhere || (isReplica(database) && isArn(database.source ?? '') && database.key === undefined);
      }),
  },
  {
    id: 'backup-retention',
    says: 'Backups are kept for 1 to 35 days. With 0 an instance can have no replica, also after its promotion.',
    broken: ({ databases }) => databases.filter(({ retention }) => outside(retention, 1, 35)),
  },
  {
    id: 'managed-password',
    says: 'RDS for PostgreSQL makes no read replica of an instance whose password Secrets Manager manages.',
    broken: ({ databases }) =>
      databases.some(isReplica) ? databases.filter(({ managesPassword }) => managesPassword) : [],
  },
  {
    id: 'promoted-state',
    says: 'After a promotion the next apply wants to make a replica of the new primary again. Put replicate_source_db into ignore_changes.',
    broken: ({ databases }) =>
      databases.filter(
        (database) =>
          isReplica(database) && database.ignores !== undefined && !database.ignores.includes('replicate_source_db'),
      ),
  },
  {
    id: 'role-by-resource',
    says: 'An instance that exists under a condition is destroyed when its role changes. Use one resource for both roles.',
    broken: ({ databases }) => databases.filter(({ count }) => count?.includes('?')),
  },
  {
    id: 'unprotected-database',
    says: 'A change that replaces the instance deletes the data. Set deletion protection, and keep a snapshot.',
    broken: ({ databases }) => databases.filter(({ isProtected }) => !isProtected),
  },
  {
    id: 'secret-replica-resource',
    says: 'There is no such resource. A replica is a block inside of its aws_secretsmanager_secret.',
    broken: ({ strangers }) => strangers,
  },
  {
    id: 'host-in-a-replicated-secret',
    says: 'The replicas get the host of the primary, too. Keep only user and password in it, and the host in a parameter of each region.',
    broken: ({ secrets }) =>
      secrets.filter(
        ({ isReplicated, isAttached, values }) =>
          isReplicated && (isAttached || values.some((value) => HOST.test(value))),
      ),
  },
  {
    id: 'stop-timeout',
    says: 'Fargate kills a task 120 s after SIGTERM at the latest. The drain must end before that, and after 30 s without a stopTimeout.',
    broken: ({ containers }) =>
      containers.filter(({ stopTimeout }) => stopTimeout === undefined || outside(stopTimeout, 30, 120)),
  },
];

/** The ids of all rules, for a test that each has a case. */
export const RULE_IDS: readonly string[] = RULES.map(({ id }) => id);

export function lint(all: Infrastructure): readonly Finding[] {
  return RULES.flatMap(({ id, says, broken }) => broken(all).map(({ at }) => ({ rule: id, at, says })));
}
