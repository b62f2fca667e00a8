import Adapt from './aside/Adapt.svelte';
import Arrive from './aside/Arrive.svelte';
import Finished from './aside/Finished.svelte';
import Handover from './aside/Handover.svelte';
import Help from './aside/Help.svelte';
import Manage from './aside/Manage.svelte';
import Problem from './aside/Problem.svelte';
import Code from './contact/Code.svelte';
import Contact from './contact/Contact.svelte';
import Without from './contact/Without.svelte';
import Activation from './follow/Activation.svelte';
import Appeal from './follow/Appeal.svelte';
import Done from './follow/Done.svelte';
import Follow from './follow/Follow.svelte';
import Letter from './follow/Letter.svelte';
import Birth from './identity/Birth.svelte';
import Names from './identity/Names.svelte';
import Number from './identity/Number.svelte';
import Recap from './identity/Recap.svelte';
import Type from './identity/Type.svelte';

export default {
  without: Without,
  email: Contact,
  emailCode: Code,
  phone: Contact,
  phoneCode: Code,
  type: Type,
  names: Names,
  birth: Birth,
  number: Number,
  recap: Recap,
  adapt: Adapt,
  arrive: Arrive,
  finished: Finished,
  handover: Handover,
  help: Help,
  manage: Manage,
  problem: Problem,
  follow: Follow,
  appeal: Appeal,
  letter: Letter,
  activation: Activation,
  done: Done,
};
