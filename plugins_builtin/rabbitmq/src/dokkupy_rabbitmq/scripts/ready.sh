# Whether a client is greeted: the header of AMQP 0-9-1 is answered by a frame (type 1, channel 0), Connection.Start. The
# port is opened when the node has booted and its vhosts are there.
exec 3<>/dev/tcp/127.0.0.1/5672
printf 'AMQP\0\0\11\1' >&3
[ "$(timeout 5 head -c 3 <&3 | od -An -v -tx1 | tr -d ' \n')" = 010000 ]
