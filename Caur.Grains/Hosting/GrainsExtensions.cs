using Caur.Contracts.Sources;
using Caur.Grains.Builders;
using Caur.Grains.Following;
using Caur.Grains.Logs;
using Caur.Grains.Notifications;
using Caur.Grains.Queue;
using Caur.Grains.Repositories;
using Caur.Grains.Sources;
using Caur.Grains.State;
using Caur.Storage.Files;
using Caur.Storage.Processes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Storage;

namespace Caur.Grains.Hosting;

/// <summary>Registers what the grains need beside an engine.</summary>
public static class GrainsExtensions
{
    /// <summary>Adds the services of the control plane's grains. Data folders, log store, farm options, publisher and engine come from
    /// whoever composes the process; the engine needs a storage named <see cref="GrainStorageNames.Farm"/> and this assembly.</summary>
    public static IServiceCollection AddCaurGrains(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddMetrics();
        services.AddOptions();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ProcessRunner>();
        services.TryAddSingleton<IGrainStorageSerializer, GrainStateSerializer>();
        services.TryAddSingleton<SourceClones>();
        services.TryAddSingleton<ISourceReader, GitSourceReader>();
        services.TryAddSingleton<ISourceForges, SourceForges>();

        // What both find is run in this order: what was committed comes before what is looked for.
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPipelineStarter, OnCommitStarter>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPipelineStarter, OnScheduleStarter>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPipelineStarter, ScheduleStarter>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPipelineStarter, AddStarter>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPipelineStarter, DropStarter>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPipelineStarter, BumpStarter>());
        services.TryAddSingleton<ScheduleHosts>();
        services.TryAddSingleton<FollowInstruments>();
        services.TryAddSingleton<IWebhookJudge, WebhookJudge>();
        services.TryAddSingleton<FolderNames>();
        services.TryAddSingleton<IRepositoryPublisher, RepositoryPublisher>();
        services.TryAddSingleton<QueueInstruments>();
        services.TryAddSingleton<LogInstruments>();
        services.TryAddSingleton<PublicationInstruments>();
        services.TryAddSingleton<LeaseInstruments>();
        services.TryAddSingleton<NotificationInstruments>();
        services.TryAddSingleton<NotificationSender>();
        services.AddHostedService<NotificationStart>();
        services.AddHostedService<FollowStart>();
        return services;
    }
}
