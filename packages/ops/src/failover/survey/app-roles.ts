import type { Operations } from '../../config/check-config.ts';

/** The roles with which the app logs in: of `failover.appRoles`, and of each region's `app`. */
export function appRolesOf({ failover, regions }: Pick<Operations, 'failover' | 'regions'>): readonly string[] {
  const logins = regions.flatMap(({ app }) => (app === undefined ? [] : [decodeURIComponent(new URL(app).username)]));
  return [...new Set([...failover.appRoles, ...logins])].filter((role) => role !== '');
}
