<?php

namespace Hello;

use Greeting\Greeting;
use Twig\Environment;
use Twig\Loader\FilesystemLoader;

final class Page
{
    public static function render(): string
    {
        $twig = new Environment(new FilesystemLoader(__DIR__ . "/../templates"));
        return $twig->render("page.txt.twig", ["greeting" => Greeting::of("Composer and Twig")]);
    }
}
