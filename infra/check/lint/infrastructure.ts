/**
 * What the rules judge. It is the same for Terraform and for CloudFormation. A value that is not literal is the text of
 * its expression; undefined is a value that is not set.
 */
export interface Infrastructure {
  readonly records: readonly RecordSet[];
  readonly checks: readonly HealthCheck[];
  readonly databases: readonly Database[];
  readonly secrets: readonly Secret[];
  readonly containers: readonly Container[];
  /** Types that do not exist: `aws_secretsmanager_secret_replica.app`. */
  readonly strangers: readonly Named[];
}

export interface Named {
  /** Where it is: `aws_route53_record.app`, or the stack and the logical id. */
  readonly at: string;
}

export interface RecordSet extends Named {
  readonly name: string;
  readonly ttl: string | undefined;
  readonly hasAlias: boolean;
  /** An alias that is there under a condition, as for an apex. */
  readonly hasConditionalAlias: boolean;
  readonly latency: boolean;
  readonly failover: boolean;
  readonly healthCheck: string | undefined;
}

export interface HealthCheck extends Named {
  readonly host: string | undefined;
  readonly interval: string | undefined;
  readonly threshold: string | undefined;
}

export interface Database extends Named {
  readonly source: string | undefined;
  readonly region: string | undefined;
  readonly key: string | undefined;
  readonly isEncrypted: boolean;
  readonly retention: string | undefined;
  readonly managesPassword: boolean;
  /** Whether an apply or an update that wants to remove it is stopped, or keeps it. */
  readonly isProtected: boolean;
  /** A resource that exists under a condition. */
  readonly count: string | undefined;
  /** What an apply leaves alone. Undefined where an apply compares templates and not the real state. */
  readonly ignores: readonly string[] | undefined;
}

export interface Secret extends Named {
  readonly isReplicated: boolean;
  /** The texts of all that is written into it. */
  readonly values: readonly string[];
  /** Whether something adds the host of a database to it. */
  readonly isAttached: boolean;
}

export interface Container extends Named {
  readonly stopTimeout: string | undefined;
}

/** Several stacks or folders as one. */
export function together(parts: readonly Infrastructure[]): Infrastructure {
  return {
    records: parts.flatMap(({ records }) => records),
    checks: parts.flatMap(({ checks }) => checks),
    databases: parts.flatMap(({ databases }) => databases),
    secrets: parts.flatMap(({ secrets }) => secrets),
    containers: parts.flatMap(({ containers }) => containers),
    strangers: parts.flatMap(({ strangers }) => strangers),
  };
}
