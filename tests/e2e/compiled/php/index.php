<?php
ob_start();
imagejpeg(imagecreatetruecolor(2, 2));
$jpeg = ob_get_clean();
echo implode(" ", array_map(fn($one) => $one ? "true" : "false", [
    strlen($jpeg) > 0 && (imagetypes() & IMG_WEBP),
    gmp_strval(gmp_add("1", "2")) === "3",
    (new Imagick())->newImage(1, 1, "red"),
    (new NumberFormatter("de_DE", NumberFormatter::DECIMAL))->format(1234.5) === "1.234,5",
    class_exists("Memcached") && class_exists("Redis"),
    in_array("pgsql", PDO::getAvailableDrivers()) && in_array("mysql", PDO::getAvailableDrivers()),
    (new ZipArchive())->open("/tmp/x.zip", ZipArchive::CREATE),
]));
