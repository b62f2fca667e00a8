import type { First } from './types.ts';

// Plain words, short sentences. Every error says what happened, then what to do.
// This file: the first page and what surrounds all others.
const en: First = {
  name: 'English',

  other: 'Français',

  otherLabel: 'Passer en français',

  skip: 'Go to the content',

  service: 'Prove your identity',

  colon: ':',

  rail: {
    label: 'Steps',
    steps: ['Agreement', 'Contact details', 'Identity', 'Document', 'Video', 'Follow-up'],
    now: (n, of, name) => `Step ${n} of ${of}: ${name}`,
    done: 'done',
  },

  common: {
    help: 'Help, or another way',
    code: (code) => `Code: ${code}`,
    next: 'Continue',
    back: 'Back',
    change: 'Change',
    cancel: 'Cancel',
    close: 'Close',
    retry: 'Try again',
    wait: 'One moment…',
    optional: '(optional)',
    errors: (n) => (n === 1 ? 'One thing to correct' : `${n} things to correct`),
    saved: 'Your answers are saved. You can close this page and come back later with the link we sent you.',
  },

  start: {
    title: 'Prove your identity online',
    lead: 'You film your identity document, then your face. It takes about 5 minutes.',
    need: 'Have ready',
    needs: [
      'your identity document, the original',
      'your mobile phone and your e-mail',
      'a quiet place with good light',
    ],
    data: 'What happens to your pictures',
    why: 'Why',
    whyText:
      'To check that the document is genuine, that it is yours, and that you are really in front of the camera.',
    how: 'How',
    howText:
      'A program compares your face with the portrait on the document and listens to three digits that you say. Face and voice are biometric data. When a case is not clear, a person decides.',
    kept: 'How long',
    keptText: (after, idle) =>
      `Photos, video, sound and measurements of your face are deleted ${after} hours after the check. If you stop on the way: ${idle} hours after your last step.`,
    closed: 'To begin, open the link that the organisation asking for the check has sent you.',
    more: 'Everything about your data',
    moreText: [
      'Nothing is sold, and nothing is used to train programs. No other company receives your pictures. These pages load nothing from elsewhere and do not track you.',
      'We keep the decision, its reasons and its date as proof, without any picture.',
      'While you film, we also note the name of your camera and microphone and the times of the recording. This protects you against somebody who would play a fake video in your name.',
      'You may withdraw your agreement, see your data or delete them at any moment: “Help, or another way”, at the bottom of every page.',
      'Your agreement is free. If you refuse, you can be checked by a person, with the same result.',
    ],
    agree: 'I agree and start',
    without: 'Continue without biometrics',
    adapt: 'I cannot speak, hear, see or move easily',
    inApp: 'You are inside another app. Its built-in browser often cannot film.',
    whatTitle: 'What you can do',
    browser: 'This browser cannot film. You can fill in the form here and continue with the camera of your phone.',
  },

  trouble: {
    network: ['No connection.', 'Your entries are kept. Check Wi-Fi or mobile data and try again.'],
    server: ['The service has a problem.', 'Nothing is lost. Wait a minute and try again.'],
    too_many_requests: ['Too many tries in a short time.', 'Wait a minute and try again.'],
    conflict: ['Your case has moved on in the meantime.', 'We have loaded it anew. Please look again.'],
    invalid: ['Something is not right in what you typed.', 'Correct the marked fields.'],
    too_large: ['This file is too large.', 'Choose a smaller one, or use the camera.'],
    other: ['This did not work.', 'Try again. If it fails again, ask for help with the code below.'],
  },
};

export default en;
