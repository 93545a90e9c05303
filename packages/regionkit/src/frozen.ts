import type { Regions } from '@regionkit/core';
import type { Databases } from './databases.ts';

/** Lambda sets it (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html). */
const LAMBDA = 'AWS_LAMBDA_FUNCTION_NAME';

/**
 * Lambda freezes a container between two requests. What the regions tell each other may then be from before a failover, on
 * both sides: each answers from its memory, and is frozen again. A process that reaches every server asks them itself after
 * a freeze, before its next write.
 *
 * @throws {TypeError} It runs on Lambda in several regions, and the server of a region is missing.
 */
export function checkFrozen<Name extends string>(
  databases: Databases<Name>,
  { list }: Regions<Name>,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): void {
  if (!environment[LAMBDA] || list.length === 1 || databases.from === 'router') return;
  const given: object = databases.from === 'urls' ? databases.urls : databases.pools;
  const missing = list.find(({ name }) => !Object.hasOwn(given, name));
  if (missing === undefined) return;
  throw new TypeError(
    `createRegionKit: databaseUrls must name the servers of every region on AWS Lambda; those of ${missing.name} are missing. Lambda freezes a process, and after that only the servers themselves tell which one is the primary`,
  );
}
