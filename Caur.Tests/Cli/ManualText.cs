using System.Text.RegularExpressions;

namespace Caur.Tests.Cli;

/// <summary>What the manual of infra 4.0 shows of commands and environments, as it is written there.</summary>
internal static partial class ManualText
{
    /// <summary>"Exemplary manager instance setup".</summary>
    public const string Manager =
        """
        chaotic-manager:
          image: registry.gitlab.com/garuda-linux/tools/chaotic-manager/manager:latest
          container_name: chaotic-manager
          command: database --web-port 8080
          environment:
            DATABASE_HOST: sub.domain.tld
            DATABASE_PORT: 22
            DATABASE_USER: package-deployer
            GPG_PATH: /var/awesome-repo/gnupg
            LANDING_ZONE_PATH: /var/awesome-repo/landing-zone
            LOGS_URL: https://sub.domain.tld/logs/logs.html
            REDIS_PASSWORD: verysecurepassword
            REDIS_SSH_HOST: host.docker.internal
            REDIS_SSH_USER: package-deployer
            REPO_PATH: /srv/http/repos
            TELEGRAM_BOT_TOKEN: 1234567890
            TELEGRAM_CHAT_ID: 0987654321
            PACKAGE_REPOS: >-
              {
                  "awesome-repo": {
                      "url": "https://gitlab.com/awesome-repo/pkgbuilds"
                  }
              }
            PACKAGE_TARGET_REPOS: >-
              {
                  "awesome-repo": {
                      "extra_repos": [
                          {
                              "name": "awesome-repo",
                              "servers": [
                                  "https://sub.domain.tld/awesome-repo/x86_64"
                              ]
                          }
                      ],
                      "extra_keyrings": [
                          "https://sub.domain.tld/awesome-repo/awesome-keyring.pkg.tar.zst"
                      ]
                  }
              }
            PACKAGE_REPOS_NOTIFIERS: >-
              {
                  "awesome-repo": {
                      "id": "123456",
                      "token": "GITLABAPITOKENWITHAPIACCESS",
                      "check_name": "awesome-repo: %pkgbase%"
                  }
              }
        """;

    /// <summary>"Examplary builder instance setup".</summary>
    public const string Builder =
        """
            command: builder
            environment:
              BUILDER_TIMEOUT: 7200
              BUILDER_HOSTNAME: awesome-builder
              REDIS_PASSWORD: verysecurepassword
              REDIS_SSH_HOST: host.docker.internal
              REDIS_SSH_USER: package-deployer
              SHARED_PATH: /var/chaotic/shared
              DATABASE_HOST: host.docker.internal
              DATABASE_PORT: 22
        """;

    /// <summary>"Chaotic-Manager container commands": each verb with its arguments.</summary>
    public const string Commands =
        """
          • schedule: Schedules a new package build by adding it to the Redis instance. It takes the following arguments:
            • arch: The architecture to build the package for
            • target-repo: The target repository to deploy the package to, referring to the PACKAGE_TARGET_REPOS variable set in the Docker environment variables.
            • source-repo: The source repository to pull the package from, referring to the PACKAGE_REPOS variable set in the Docker environment variables.
            • commit: The commit hash which the schedule call originates from
            • deptree: the dependency tree built by the CI pipeline. This parameter is omitted in CI pipelines and instead passed as file, reading from /.ci/deptree.txt.
          • builder: Starts the build job, which then grabs any available build jobs from the build queue.
          • auto-repo-remove: Removes obsolete packages from the target repository. Further parameters must include the pkgbases to be removed.
          • database: Starts the manager instance, which is responsible for managing queues, logs and database jobs. It additionally spins up a web server to serve logs from if --web-port is passed as argument.
          • web: Starts the web server to serve logs from. This is only needed in case the manager instance does not run the web server.
        """;

    /// <summary>The command of an example.</summary>
    public static string[] Command(string example) => CommandLine().Match(example).Groups[1].Value.Split(' ');

    /// <summary>The verbs, and the arguments of each.</summary>
    public static IReadOnlyList<(string Verb, IReadOnlyList<string> Arguments)> Verbs()
    {
        var verbs = new List<(string Verb, List<string> Arguments)>();
        foreach (Match bullet in Bullet().Matches(Commands))
        {
            if (bullet.Groups[1].Length == 2)
            {
                verbs.Add((bullet.Groups[2].Value, []));
            }
            else
            {
                verbs[^1].Arguments.Add(bullet.Groups[2].Value);
            }
        }

        return [.. verbs.Select(verb => (verb.Verb, (IReadOnlyList<string>)verb.Arguments))];
    }

    public static Dictionary<string, string> ManagerEnvironment() => Environment(Manager);

    public static Dictionary<string, string> BuilderEnvironment() => Environment(Builder);

    /// <summary>YAML as far as the examples need it: values behind colons, and folded blocks.</summary>
    private static Dictionary<string, string> Environment(string example)
    {
        var found = new Dictionary<string, string>();
        var folded = "";
        foreach (var line in example[example.IndexOf("environment:", StringComparison.Ordinal)..].Split('\n').Skip(1))
        {
            if (Setting().Match(line) is { Success: true } setting)
            {
                var value = setting.Groups[2].Value;
                folded = value == ">-" ? setting.Groups[1].Value : "";
                found[setting.Groups[1].Value] = folded.Length > 0 ? "" : value;
            }
            else if (folded.Length > 0)
            {
                found[folded] += line.Trim() + " ";
            }
        }

        return found;
    }

    [GeneratedRegex(@"(?m)^\s*command: (.*?)\s*$")]
    private static partial Regex CommandLine();

    [GeneratedRegex(@"(?m)^( +)• ([a-z-]+):")]
    private static partial Regex Bullet();

    [GeneratedRegex(@"^\s*([A-Z_]+): (.*?)\s*$")]
    private static partial Regex Setting();
}
