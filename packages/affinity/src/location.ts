/**
 * One slash, then no second slash and no backslash (browsers read both as the start of a host), visible ASCII, no
 * fragment.
 */
const SAFE_TARGET = /^\/(?![/\\])[\x21\x22\x24-\x7e]*$/;

/** A longer target is not redirected: proxies limit a head to 8 KiB. */
const MAX_TARGET_LENGTH = 4_096;

/**
 * Whether a request target may follow an origin in `Location`. The origin always comes from the configuration. The
 * slash after it ends the authority ([RFC 3986 section 3.2](https://www.rfc-editor.org/rfc/rfc3986#section-3.2)),
 * whatever the rest contains.
 */
export function isSafeTarget(target: string): boolean {
  return target.length <= MAX_TARGET_LENGTH && SAFE_TARGET.test(target);
}
