# The server of the image's own set-up listens on loopback alone, and without users. Asked is `hello`, which needs neither a
# login nor the shell: that takes a second of a processor to start. The answer names the request that it belongs to, 1.
exec 3<>"/dev/tcp/$(hostname)/27017"
printf '%b' "$1" >&3
[[ $(timeout 5 head -c 16 <&3 | od -An -v -td4 -j8 -N4) =~ ^\ +1$ ]]
