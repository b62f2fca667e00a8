#!/bin/sh
# Makes the seed corpora under tests/fuzz/corpus; they are not committed.
# Needs the ffmpeg command line and a built idproof-decoder (first argument).
set -eu
cd "$(dirname "$0")/.."
decoder=${1:-../../target/release/idproof-decoder}
corpus=corpus
for target in protocol jpeg png webp tiff heic video mrz two_d_doc; do mkdir -p "$corpus/$target"; done
make() { ffmpeg -nostdin -v error -y "$@"; }
picture='-f lavfi -i testsrc2=s=64x48:r=10'
for size in 2x2 17x9 64x48; do
    make -f lavfi -i "testsrc2=s=$size" -frames:v 1 "$corpus/png/$size.png"
    make -f lavfi -i "testsrc2=s=$size" -frames:v 1 -pix_fmt gray16be "$corpus/png/$size-16.png"
    make -f lavfi -i "testsrc2=s=$size" -frames:v 1 -pix_fmt pal8 "$corpus/png/$size-pal.png"
    make -f lavfi -i "testsrc2=s=$size" -frames:v 1 -pix_fmt yuvj420p "$corpus/jpeg/$size.jpg"
    make -f lavfi -i "testsrc2=s=$size" -frames:v 1 -pix_fmt yuvj444p "$corpus/jpeg/$size-444.jpg"
    make -f lavfi -i "testsrc2=s=$size" -frames:v 1 -compression_algo lzw -pix_fmt gray "$corpus/tiff/$size.tif"
    make -f lavfi -i "testsrc2=s=$size" -frames:v 1 -pix_fmt rgb24 "$corpus/tiff/$size-rgb.tif"
    make -f lavfi -i "testsrc2=s=$size" -frames:v 1 -c:v libwebp "$corpus/webp/$size.webp"
    make -f lavfi -i "testsrc2=s=$size" -frames:v 1 -c:v libwebp -lossless 1 "$corpus/webp/$size-l.webp"
done
make $picture -t 0.3 -c:v libwebp_anim "$corpus/webp/moving.webp"
tone='-f lavfi -i sine=440'
make $picture $tone -t 0.3 -c:v libvpx -c:a libopus "$corpus/video/vp8.webm"
make $picture $tone -t 0.3 -c:v libvpx-vp9 -c:a libvorbis "$corpus/video/vp9.webm"
make $picture -t 0.2 -c:v libaom-av1 -usage realtime -cpu-used 8 "$corpus/video/av1.webm"
make $picture $tone -t 0.3 -c:v libx264 -pix_fmt yuv420p -c:a aac "$corpus/video/h264.mp4"
make $picture $tone -t 0.3 -c:v libx264 -pix_fmt yuv420p -c:a libopus \
    -movflags frag_keyframe+empty_moov "$corpus/video/fragments.mp4"
make $picture -t 0.2 -c:v libx265 -x265-params log-level=none -tag:v hvc1 -pix_fmt yuv420p \
    "$corpus/video/hevc.mov"
make -i "$corpus/video/h264.mp4" -c copy -metadata:s:v rotate=90 "$corpus/video/turned.mov"
# Into a pipe: the decoder may not write to a file.
job() { printf "$1"; shift; "$decoder" "$@" | cat; }
job '\000' image <"$corpus/png/17x9.png" >"$corpus/protocol/image"
job '\001' video max-side=16 <"$corpus/video/vp8.webm" >"$corpus/protocol/video"
job '\001' video max-side=16 <"$corpus/png/17x9.png" >"$corpus/protocol/failure"
job '\002' self-check <"$corpus/png/17x9.png" >"$corpus/protocol/check"
# The examples of ICAO Doc 9303 parts 4 to 6 and a French card's.
zone() { printf '%s\n' "$@"; }
zone 'P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<' 'L898902C36UTO7408122F1204159ZE184226B<<<<<10' >"$corpus/mrz/td3"
zone 'I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<' 'D231458907UTO7408122F1204159<<<<<<<6' >"$corpus/mrz/td2"
zone 'I<UTOD231458907<<<<<<<<<<<<<<<' '7408122F1204159UTO<<<<<<<<<<<6' 'ERIKSSON<<ANNA<MARIA<<<<<<<<<<' >"$corpus/mrz/td1"
zone 'IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<' '8806923102858CORINNE<<<<<<<6512068F6' >"$corpus/mrz/french"
printf 'DC03FR000001092D1636070160NATACHA\03562SPECIMEN\03565P 6607CD12304\03567FR68F6CFR\037MZXW6YTBOI' >"$corpus/two_d_doc/identity"
printf '60NATACHA\03562SPECIMEN\036\037MZXW6YTBOI\035annex' >"$corpus/two_d_doc/fields"
cargo run --release --quiet --example make-heic "$corpus/heic"
