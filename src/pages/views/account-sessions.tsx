import { texts } from '../texts.ts';
import { Rows } from './account-apps.tsx';
import { displayName } from './display.ts';
import { Icon, PostForm, Section, Time } from './parts.tsx';
import { programName } from './program-name.ts';

export interface AccountSession {
  readonly id: string;
  /** The one that looks at this page. */
  readonly current: boolean;
  readonly userAgent: string | undefined;
  readonly address: string | undefined;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
}

interface SessionsSectionOptions {
  readonly sessions: readonly AccountSession[];
  readonly csrfToken: string;
}

export function SessionsSection({ sessions, csrfToken }: SessionsSectionOptions) {
  const words = texts.account;
  const others = sessions.some(({ current }) => !current);
  return (
    <Section id="sessions" title={words.sessionsTitle} lead={words.sessionsLead}>
      <Rows>
        {sessions.map((session) => (
          <SessionRow key={session.id} session={session} csrfToken={csrfToken} />
        ))}
      </Rows>
      {others && (
        <PostForm action="/account/sessions/end-others" hidden={{ csrf_token: csrfToken }}>
          <button type="submit" id="end-other-sessions" class="danger">
            {words.endOtherSessions}
          </button>
        </PostForm>
      )}
    </Section>
  );
}

function SessionRow({ session, csrfToken }: { readonly session: AccountSession; readonly csrfToken: string }) {
  const words = texts.account;
  const program = programName(session.userAgent, words);
  return (
    <li>
      <span class="monogram app" aria-hidden="true">
        <Icon name="device" />
      </span>
      <div class="about">
        <h3>
          {program}
          {session.current && (
            <>
              {' '}
              <span class="badge">{words.currentSession}</span>
            </>
          )}
        </h3>
        <p class="hint">
          {words.lastSeen} <Time date={session.lastSeenAt} />
        </p>
        <p class="hint">
          {words.created} <Time date={session.createdAt} />
        </p>
        {session.address && (
          <p class="hint">
            {words.address} {displayName(session.address)}
          </p>
        )}
      </div>
      {!session.current && (
        <PostForm action="/account/sessions/end" hidden={{ csrf_token: csrfToken, session_id: session.id }}>
          <button type="submit" class="danger" aria-label={words.endSessionOf(program)}>
            {words.endSession}
          </button>
        </PostForm>
      )}
    </li>
  );
}
