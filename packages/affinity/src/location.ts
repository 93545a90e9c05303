/** One slash, no second one and no backslash after it (browsers read both as the start of a host), visible ASCII, no fragment. */
const SAFE_TARGET = /^\/(?![/\\])[\x21\x22\x24-\x7e]*$/;

/** Longer than this is not worth a redirect: proxies cut heads off at 8 KiB. */
const MAX_TARGET_LENGTH = 4_096;

/**
 * Whether a request target can be put behind an origin in `Location`. The origin is always one of the configuration: the
 * slash that must follow it ends the authority (RFC 3986 section 3.2), whatever comes after.
 */
export function isSafeTarget(target: string): boolean {
  return target.length <= MAX_TARGET_LENGTH && SAFE_TARGET.test(target);
}
