import { compactVerify } from 'jose';
import type { CompactToken } from './compact.ts';
import type { VerificationKey } from './keys/key-set.ts';

/**
 * Whether a token was signed with a key. `unavailable` is a failure of ours: the engine threw what no token can cause.
 */
export async function checkSignature(
  token: CompactToken,
  key: VerificationKey,
): Promise<'good' | 'signature' | 'unavailable'> {
  try {
    await compactVerify(token.text, key.key, { algorithms: [token.alg] });
    return 'good';
  } catch (error) {
    return isJoseError(error) ? 'signature' : 'unavailable';
  }
}

/** By code rather than class: two versions of jose may be loaded. */
function isJoseError(error: unknown): boolean {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^ERR_J(?:WS|OSE)_/.test(code);
}
