import type { Pair } from './types.ts';

// Mots simples, phrases courtes. Chaque erreur dit ce qui s’est passé, puis quoi faire.
// Ce fichier : la première page et ce qui entoure toutes les autres.
const fr = {
  name: 'Français',

  other: 'English',

  otherLabel: 'Switch to English',

  skip: 'Aller au contenu',

  service: 'Prouver son identité',

  colon: ' :',

  rail: {
    label: 'Étapes',
    steps: ['Accord', 'Coordonnées', 'Identité', 'Document', 'Vidéo', 'Suivi'],
    now: (n: number, of: number, name: string) => `Étape ${n} sur ${of} : ${name}`,
    done: 'fait',
  },

  common: {
    help: 'Aide, ou faire autrement',
    code: (code: string) => `Code : ${code}`,
    next: 'Continuer',
    back: 'Retour',
    change: 'Modifier',
    cancel: 'Annuler',
    close: 'Fermer',
    retry: 'Réessayer',
    wait: 'Un instant…',
    optional: '(facultatif)',
    errors: (n: number) => (n === 1 ? 'Un point à corriger' : `${n} points à corriger`),
    saved: 'Vos réponses sont enregistrées. Vous pouvez fermer cette page et revenir plus tard avec le lien que nous vous avons envoyé.',
  },

  start: {
    title: 'Prouver son identité en ligne',
    lead: 'Vous filmez votre pièce d’identité, puis votre visage. Cela prend environ 5 minutes.',
    need: 'À préparer',
    needs: [
      'votre pièce d’identité, l’original',
      'votre téléphone portable et vos e‑mails',
      'un endroit calme et bien éclairé',
    ],
    data: 'Ce que deviennent vos images',
    why: 'Pourquoi',
    whyText: 'Pour vérifier que le document est authentique, qu’il est à vous, et que vous êtes bien devant la caméra.',
    how: 'Comment',
    howText:
      'Un programme compare votre visage au portrait du document et écoute trois chiffres que vous dites. Le visage et la voix sont des données biométriques. Quand un cas n’est pas clair, une personne décide.',
    kept: 'Combien de temps',
    keptText: (after: number, idle: number) =>
      `Les photos, la vidéo, le son et les mesures de votre visage sont supprimés ${after} heures après la vérification. Si vous arrêtez en chemin : ${idle} heures après votre dernière action.`,
    closed: 'Pour commencer, ouvrez le lien que vous a envoyé l’organisme qui demande la vérification.',
    more: 'Tout savoir sur vos données',
    moreText: [
      'Rien n’est vendu, rien ne sert à entraîner des programmes. Aucune autre entreprise ne reçoit vos images. Ces pages ne chargent rien d’ailleurs et ne vous suivent pas.',
      'Nous gardons la décision, ses raisons et sa date comme preuve, sans aucune image.',
      'Pendant le tournage, nous notons aussi le nom de la caméra et du micro et les heures de l’enregistrement. Cela vous protège contre quelqu’un qui passerait une fausse vidéo à votre nom.',
      'Vous pouvez retirer votre accord, consulter vos données ou les supprimer à tout moment : « Aide, ou faire autrement », en bas de chaque page.',
      'Votre accord est libre. Si vous refusez, une personne peut vous vérifier, avec le même résultat.',
    ],
    agree: 'J’accepte et je commence',
    without: 'Continuer sans biométrie',
    adapt: 'J’ai du mal à parler, entendre, voir ou bouger',
    inApp: 'Vous êtes dans une autre application. Son navigateur intégré ne peut souvent pas filmer.',
    whatTitle: 'Ce que vous pouvez faire',
    browser: 'Ce navigateur ne peut pas filmer. Vous pouvez remplir le formulaire ici et continuer avec la caméra de votre téléphone.',
  },

  trouble: {
    network: ['Pas de connexion.', 'Vos réponses sont gardées. Vérifiez le Wi-Fi ou les données mobiles et réessayez.'] as Pair,
    server: ['Le service a un problème.', 'Rien n’est perdu. Attendez une minute et réessayez.'] as Pair,
    too_many_requests: ['Trop d’essais en peu de temps.', 'Attendez une minute et réessayez.'] as Pair,
    conflict: ['Votre dossier a changé entre-temps.', 'Nous l’avons rechargé. Regardez à nouveau.'] as Pair,
    invalid: ['Quelque chose n’est pas juste dans vos réponses.', 'Corrigez les champs marqués.'] as Pair,
    too_large: ['Ce fichier est trop lourd.', 'Choisissez-en un plus petit, ou utilisez la caméra.'] as Pair,
    other: ['Cela n’a pas marché.', 'Réessayez. Si cela échoue encore, demandez de l’aide avec le code ci-dessous.'] as Pair,
  },
};

export default fr;
