import Adapt from './aside/Adapt.svelte';
import Arrive from './aside/Arrive.svelte';
import Finished from './aside/Finished.svelte';
import Handover from './aside/Handover.svelte';
import Help from './aside/Help.svelte';
import Manage from './aside/Manage.svelte';
import Problem from './aside/Problem.svelte';
import Activation from './follow/Activation.svelte';
import Appeal from './follow/Appeal.svelte';
import Done from './follow/Done.svelte';
import Follow from './follow/Follow.svelte';
import Letter from './follow/Letter.svelte';

export default {
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
