/** What the ARN of a DB instance says: where it is, and its identifier. */
export interface InstanceArn {
  readonly region: string;
  readonly instance: string;
}

/** Reads `arn:aws:rds:eu-west-1:123456789012:db:app-eu`, in any partition. Undefined: it is not the ARN of a DB instance. */
export function readInstanceArn(arn: string): InstanceArn | undefined {
  const [, region, instance] = /^arn:aws[a-z-]*:rds:([a-z0-9-]{1,40}):\d{12}:db:([a-z0-9-]{1,63})$/.exec(arn) ?? [];
  return region === undefined || instance === undefined ? undefined : { region, instance };
}
