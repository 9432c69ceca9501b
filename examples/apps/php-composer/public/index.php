<?php

require __DIR__ . "/../vendor/autoload.php";
require "Twig/autoload.php"; // Debian's package: Packagist is not reachable everywhere, Debian's mirror is

header("Content-Type: text/plain");
echo Hello\Page::render();
