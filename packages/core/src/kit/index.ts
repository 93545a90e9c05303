/**
 * Internal tools of the `@regionkit` packages. For other packages there is no promise of compatibility between minor
 * versions.
 */

export { type Backoff, backoffLimitMs } from './backoff.ts';
export { check } from './check.ts';
export {
  type Clock,
  createJumpDetector,
  inBackground,
  type JumpDetector,
  type JumpTolerance,
  systemClock,
} from './clock.ts';
export { type Context, createContext } from './context.ts';
export { checkCookieDomain, cookieValues } from './cookies.ts';
export { isSystem, isTimeline, readEpoch } from './epoch.ts';
export { errorCode } from './error-code.ts';
export { dropRejection, harmless, saidYes } from './harmless.ts';
export { isLoopback, normaliseHost } from './host.ts';
export { writtenMembers } from './json-members.ts';
export { keepAlive, keptAlive } from './kept-alive.ts';
export { createKeyring, equalInConstantTime, type Keyring, type KeyringOptions, type Secrets } from './keyring.ts';
export { createListeners, type Listeners } from './listeners.ts';
export { noteMoment } from './moment.ts';
export { createNotices, type NoticeCode, type Notices } from './notices.ts';
export {
  group,
  integer,
  type OptionCheck,
  type OptionTable,
  oneOf,
  optional,
  readOptions,
  unchecked,
  withDefault,
} from './option-table.ts';
export { createPoller, type Poller, type PollerOptions } from './poller.ts';
export { guardRandom } from './random.ts';
export { rareRefresh } from './rare-refresh.ts';
export { createRecentCache, type RecentCache } from './recent-cache.ts';
export { createRegionKeyring, type RegionKeyring, type RegionKeys, type RegionSecrets } from './region-keyring.ts';
export { resetSocket } from './reset-socket.ts';
export { exposeField, isSharedCacheable, keepPrivate } from './response-head.ts';
export { createRoster, type Roster } from './roster.ts';
export { type SetCookie, setCookie } from './set-cookie.ts';
