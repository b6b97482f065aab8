import type { TestServer } from './server.ts';

const ADDRESS = '203.0.113.7';

/** Fails to sign in until the account has to wait for 16 seconds. */
export async function failToSignIn({ clock, dependencies }: TestServer, email: string): Promise<void> {
  const fail = () =>
    dependencies.core.sessions
      .signIn(email, 'wrong', { userAgent: '', address: ADDRESS, requestId: 'a test' })
      .catch(() => undefined);
  for (let failures = 0; failures < dependencies.config.loginFailuresPerAccount; failures++) await fail();
  // Each further one doubles the wait, from one second on.
  for (let doublings = 0; doublings < 5; doublings++) {
    clock.advance(20);
    await fail();
  }
}
