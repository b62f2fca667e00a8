import Device from './document/Device.svelte';
import Document from './document/Document.svelte';
import Intro from './video/Intro.svelte';
import Review from './video/Review.svelte';
import Video from './video/Video.svelte';

export default { device: Device, document: Document, videoIntro: Intro, video: Video, review: Review };
